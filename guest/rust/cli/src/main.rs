//! A command, for the command line and, by CGI, for HTTP. What it does is the first argument, or the path.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    let cgi = env::var("GATEWAY_INTERFACE").is_ok();
    let path = env::var("PATH_INFO").unwrap_or_default();
    let args: Vec<String> = if cgi {
        path.split('/').filter(|part| !part.is_empty()).map(String::from).collect()
    } else {
        env::args().skip(1).collect()
    };
    let rest: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    match args.first().map_or("", String::as_str) {
        // A header of the caller's own, of which nothing is checked here.
        "raw" => copy(),
        command => {
            if cgi {
                print!("Content-Type: text/plain\r\n\r\n");
            }
            run(command, &rest)
        }
    }
}

fn run(command: &str, rest: &[&str]) -> ExitCode {
    match (command, rest) {
        ("cat", []) => copy(),
        ("cat", [file]) => match fs::read(format!("/{file}")) {
            Ok(bytes) => write(&bytes),
            Err(error) => fail(&error.to_string()),
        },
        ("env", _) => {
            let mut all: Vec<_> = env::vars().collect();
            all.sort();
            for (name, value) in all {
                println!("{name}={value}");
            }
            ExitCode::SUCCESS
        }
        ("args", _) => {
            for text in env::args() {
                println!("{text}");
            }
            ExitCode::SUCCESS
        }
        ("exit", [code]) => ExitCode::from(code.parse::<u8>().unwrap_or(255)),
        // After some of the response is on its way.
        ("late-exit", _) => {
            write(&[b'x'; 100_000]);
            fail("too late for a status")
        }
        ("sleep", [milliseconds]) => {
            thread::sleep(Duration::from_millis(milliseconds.parse().unwrap_or(0)));
            write(b"slept\n")
        }
        ("flood", [kibibytes]) => {
            let block = [b'x'; 1024];
            (0..kibibytes.parse().unwrap_or(0)).for_each(|_: u32| {
                write(&block);
            });
            ExitCode::SUCCESS
        }
        ("spin", _) => loop {
            thread::yield_now();
        },
        ("trap", _) => panic!("as asked"),
        _ => fail("what: cat, env, args, exit, late-exit, sleep, flood, spin, trap"),
    }
}

fn copy() -> ExitCode {
    let mut bytes = Vec::new();
    match io::stdin().read_to_end(&mut bytes) {
        Ok(_) => write(&bytes),
        Err(error) => fail(&error.to_string()),
    }
}

fn write(bytes: &[u8]) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("cli: {why}");
    ExitCode::FAILURE
}
