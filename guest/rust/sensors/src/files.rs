//! The function itself: list, read, write and remove the files of one directory.

use support::stream::{request_body, splice_all};
use support::{Reply, Request, json};
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, OpenFlags, PathFlags,
};

use crate::Answer;
use crate::failure::Failure;

/// Every entry of the directory with its type and size, by name.
pub fn list(directory: &Descriptor) -> Result<Answer, Failure> {
    let entries = directory.read_directory()?;
    let mut found = Vec::new();
    while let Some(entry) = entries.read_directory_entry()? {
        let stat = directory.stat_at(PathFlags::empty(), &entry.name)?;
        found.push((entry.name, stat.type_, stat.size));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let items = found.into_iter().map(|(name, kind, size)| {
        json::object(&[
            ("name", json::string(&name)),
            ("type", json::string(type_name(kind))),
            ("size", size.to_string()),
        ])
    });
    Ok(Answer::Reply(Reply::json(json::array(items))))
}

/// GET reads, PUT and POST write, DELETE removes `name`.
pub fn serve(request: &Request, directory: &Descriptor, name: &str) -> Result<Answer, Failure> {
    match request.method.as_str() {
        "GET" | "HEAD" => read(directory, name),
        "PUT" | "POST" => write(request, directory, name),
        "DELETE" => {
            directory.unlink_file_at(name)?;
            Ok(Answer::Reply(Reply::text(200, "removed\n")))
        }
        method => Ok(Answer::Reply(
            Reply::text(405, format!("{method} is not served here\n"))
                .header("allow", "GET, HEAD, PUT, POST, DELETE"),
        )),
    }
}

fn read(directory: &Descriptor, name: &str) -> Result<Answer, Failure> {
    let file = directory.open_at(
        PathFlags::SYMLINK_FOLLOW,
        name,
        OpenFlags::empty(),
        DescriptorFlags::READ,
    )?;
    let size = file.stat()?.size;
    Ok(Answer::File(file.read_via_stream(0)?, size))
}

fn write(request: &Request, directory: &Descriptor, name: &str) -> Result<Answer, Failure> {
    let file = directory.open_at(
        PathFlags::SYMLINK_FOLLOW,
        name,
        OpenFlags::CREATE | OpenFlags::TRUNCATE,
        DescriptorFlags::WRITE,
    )?;
    let output = file.write_via_stream(0)?;
    let (_body, input) = request_body(&request.incoming);
    let written = splice_all(&input, &output)?;
    Ok(Answer::Reply(Reply::json(json::object(&[(
        "written",
        written.to_string(),
    )]))))
}

/// The name of a type of file as WIT spells it.
pub fn type_name(kind: DescriptorType) -> &'static str {
    match kind {
        DescriptorType::Unknown => "unknown",
        DescriptorType::BlockDevice => "block-device",
        DescriptorType::CharacterDevice => "character-device",
        DescriptorType::Directory => "directory",
        DescriptorType::Fifo => "fifo",
        DescriptorType::SymbolicLink => "symbolic-link",
        DescriptorType::RegularFile => "regular-file",
        DescriptorType::Socket => "socket",
    }
}
