//! One call of `wasi:filesystem` for each path, with the request's own path, flags and numbers.

use support::stream::{for_each_chunk, request_body};
use support::{Query, Reply, Request, json};
use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, NewTimestamp, OpenFlags, PathFlags,
};

use crate::failure::Failure;
use crate::{Answer, PATHS, files, preopen};

const READ_MAX: u64 = 1024 * 1024;

/// Makes the call that the request's path names.
pub fn call(request: &Request, directory: Descriptor) -> Result<Answer, Failure> {
    let query = &request.query;
    let directory = match query.get("at") {
        Some(at) => subdirectory(&directory, at, query)?,
        None => directory,
    };
    let done = match request.path.as_str() {
        "/read" => read(query, &directory)?,
        "/write" => write(request, &directory)?,
        "/open" => open_and_describe(query, &directory)?,
        "/open-many" => open_many(query, &directory)?,
        "/stat" => stat(&directory.stat_at(follow(query), query.need("path")?)?),
        "/readlink" => Reply::text(200, directory.readlink_at(query.need("path")?)?),
        "/list" => list(query, &directory)?,
        "/rename" => {
            let target = target_directory(query)?;
            let to = query.need("to")?;
            done(directory.rename_at(
                query.need("from")?,
                target.as_ref().unwrap_or(&directory),
                to,
            ))?
        }
        "/link" => {
            let target = target_directory(query)?;
            let (from, to) = (query.need("from")?, query.need("to")?);
            let target = target.as_ref().unwrap_or(&directory);
            done(directory.link_at(follow(query), from, target, to))?
        }
        "/symlink" => done(directory.symlink_at(query.need("target")?, query.need("path")?))?,
        "/mkdir" => done(directory.create_directory_at(query.need("path")?))?,
        "/rmdir" => done(directory.remove_directory_at(query.need("path")?))?,
        "/unlink" => done(directory.unlink_file_at(query.need("path")?))?,
        "/truncate" => {
            let file = open(query, &directory, DescriptorFlags::WRITE)?;
            done(file.set_size(query.number("size")?.unwrap_or(0)))?
        }
        "/utimes" => {
            let time = new_time(query)?;
            done(directory.set_times_at(follow(query), query.need("path")?, time, time))?
        }
        "/hash" => hash(query, &directory)?,
        "/same" => same(query, &directory)?,
        path => Reply::guide(path, PATHS),
    };
    Ok(Answer::Reply(done))
}

fn done(result: Result<(), wasip2::filesystem::types::ErrorCode>) -> Result<Reply, Failure> {
    result?;
    Ok(Reply::text(200, "ok\n"))
}

fn follow(query: &Query) -> PathFlags {
    if query.flag("follow") {
        PathFlags::SYMLINK_FOLLOW
    } else {
        PathFlags::empty()
    }
}

fn open_flags(query: &Query) -> OpenFlags {
    [
        ("create", OpenFlags::CREATE),
        ("dir", OpenFlags::DIRECTORY),
        ("excl", OpenFlags::EXCLUSIVE),
        ("trunc", OpenFlags::TRUNCATE),
    ]
    .into_iter()
    .filter(|(name, _)| query.flag(name))
    .fold(OpenFlags::empty(), |all, (_, flag)| all | flag)
}

/// Opens `path` with the request's flags; `rights` unless `read`, `write` or `mutate` says else.
fn open(query: &Query, at: &Descriptor, rights: DescriptorFlags) -> Result<Descriptor, Failure> {
    let asked = [
        ("read", DescriptorFlags::READ),
        ("write", DescriptorFlags::WRITE),
        ("mutate", DescriptorFlags::MUTATE_DIRECTORY),
    ]
    .into_iter()
    .filter(|(name, _)| query.flag(name))
    .fold(DescriptorFlags::empty(), |all, (_, flag)| all | flag);
    let rights = if asked.is_empty() { rights } else { asked };
    Ok(at.open_at(
        follow(query),
        query.need("path")?,
        open_flags(query),
        rights,
    )?)
}

/// The directory `at` below the preopen; `at_mutate=1` asks for the right to change it.
fn subdirectory(parent: &Descriptor, at: &str, query: &Query) -> Result<Descriptor, Failure> {
    let rights = if query.flag("at_mutate") {
        DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY
    } else {
        DescriptorFlags::READ
    };
    Ok(parent.open_at(follow(query), at, OpenFlags::DIRECTORY, rights)?)
}

/// The preopen that `to_preopen` names, for calls that take two directories.
fn target_directory(query: &Query) -> Result<Option<Descriptor>, Failure> {
    query.get("to_preopen").map(preopen).transpose()
}

fn read(query: &Query, directory: &Descriptor) -> Result<Reply, Failure> {
    let len = query.number("len")?.unwrap_or(READ_MAX);
    let offset = query.number("offset")?.unwrap_or(0);
    let file = open(query, directory, DescriptorFlags::READ)?;
    let (bytes, eof) = file.read(len, offset)?;
    Ok(Reply::new(200, "application/octet-stream", bytes).header("x-eof", eof.to_string()))
}

fn write(request: &Request, directory: &Descriptor) -> Result<Reply, Failure> {
    let query = &request.query;
    let mut offset = query.number("offset")?.unwrap_or(0);
    let file = open(query, directory, DescriptorFlags::WRITE)?;
    let mut written = 0;
    if let Some(zeroes) = query.number("zeroes")? {
        written = file.write(&vec![0; zeroes as usize], offset)?;
    } else if query.flag("append") {
        let output = file.append_via_stream()?;
        let (_body, input) = request_body(&request.incoming);
        written = support::stream::splice_all(&input, &output)?;
    } else {
        let (_body, input) = request_body(&request.incoming);
        for_each_chunk::<Failure>(&input, |mut chunk| {
            while !chunk.is_empty() {
                let count = file.write(chunk, offset)?;
                chunk = &chunk[count as usize..];
                offset += count;
                written += count;
            }
            Ok(())
        })?;
    }
    Ok(Reply::json(json::object(&[(
        "written",
        written.to_string(),
    )])))
}

fn open_and_describe(query: &Query, directory: &Descriptor) -> Result<Reply, Failure> {
    let opened = open(query, directory, DescriptorFlags::READ)?;
    let flags = opened.get_flags()?;
    let names = [
        ("read", DescriptorFlags::READ),
        ("write", DescriptorFlags::WRITE),
        ("mutate-directory", DescriptorFlags::MUTATE_DIRECTORY),
    ]
    .into_iter()
    .filter(|(_, flag)| flags.contains(*flag))
    .map(|(name, _)| json::string(name));
    Ok(Reply::json(json::object(&[
        ("type", json::string(files::type_name(opened.get_type()?))),
        ("flags", json::array(names)),
    ])))
}

/// Opens `path` up to `n` times and keeps every descriptor until the answer is made.
fn open_many(query: &Query, directory: &Descriptor) -> Result<Reply, Failure> {
    let wanted = query.number("n")?.unwrap_or(1);
    let mut descriptors = Vec::new();
    let mut streams = Vec::new();
    let mut error = None;
    for _ in 0..wanted {
        let opened = if query.flag("streams") {
            directory
                .read_directory()
                .map(|stream| streams.push(stream))
                .map_err(Failure::from)
        } else {
            open(query, directory, DescriptorFlags::READ).map(|file| descriptors.push(file))
        };
        match opened {
            Ok(()) => {}
            Err(Failure::Answer(reply)) => return Ok(reply),
            Err(failure) => {
                error = Some(failure.name());
                break;
            }
        }
    }
    Ok(Reply::json(json::object(&[
        ("opened", (descriptors.len() + streams.len()).to_string()),
        ("error", json::optional(error.as_deref())),
    ])))
}

fn stat(stat: &DescriptorStat) -> Reply {
    let time = |time: &Option<Datetime>| {
        time.map_or_else(
            || "null".into(),
            |time| {
                json::object(&[
                    ("seconds", time.seconds.to_string()),
                    ("nanoseconds", time.nanoseconds.to_string()),
                ])
            },
        )
    };
    Reply::json(json::object(&[
        ("type", json::string(files::type_name(stat.type_))),
        ("size", stat.size.to_string()),
        ("links", stat.link_count.to_string()),
        ("accessed", time(&stat.data_access_timestamp)),
        ("modified", time(&stat.data_modification_timestamp)),
        ("changed", time(&stat.status_change_timestamp)),
    ]))
}

fn list(query: &Query, directory: &Descriptor) -> Result<Reply, Failure> {
    let limit = query.number("limit")?.unwrap_or(u64::MAX);
    let listed = match query.get("path") {
        Some(_) => &open(query, directory, DescriptorFlags::READ)?,
        None => directory,
    };
    let entries = listed.read_directory()?;
    let mut items = Vec::new();
    while (items.len() as u64) < limit {
        let Some(entry) = entries.read_directory_entry()? else {
            break;
        };
        items.push(json::object(&[
            ("name", json::string(&entry.name)),
            ("type", json::string(files::type_name(entry.type_))),
        ]));
    }
    Ok(Reply::json(json::array(items)))
}

/// `now=1`, or `seconds` and `nanoseconds`; otherwise the time stays as it is.
fn new_time(query: &Query) -> Result<NewTimestamp, Failure> {
    if query.flag("now") {
        return Ok(NewTimestamp::Now);
    }
    let nanoseconds = query.number("nanoseconds")?.unwrap_or(0) as u32;
    Ok(match query.number("seconds")? {
        Some(seconds) => NewTimestamp::Timestamp(Datetime {
            seconds,
            nanoseconds,
        }),
        None => NewTimestamp::NoChange,
    })
}

fn hash(query: &Query, directory: &Descriptor) -> Result<Reply, Failure> {
    let hash = directory.metadata_hash_at(follow(query), query.need("path")?)?;
    Ok(Reply::text(
        200,
        format!("{:016x}{:016x}\n", hash.upper, hash.lower),
    ))
}

/// Whether `path` and `other` are the same file.
fn same(query: &Query, directory: &Descriptor) -> Result<Reply, Failure> {
    let first = open(query, directory, DescriptorFlags::READ)?;
    let other = query.need("other")?;
    let second = directory.open_at(
        follow(query),
        other,
        OpenFlags::empty(),
        DescriptorFlags::READ,
    )?;
    Ok(Reply::json(first.is_same_object(&second).to_string()))
}
