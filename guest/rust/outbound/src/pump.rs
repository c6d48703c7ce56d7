//! Moves a body from one stream to another, a step at a time, so that two can run at once.

use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

const CHUNK: u64 = 64 * 1024;

/// What a pump waits for.
enum Wait {
    Readable,
    Writable,
    /// All bytes are written; the output is being flushed.
    Flushed,
}

/// How a pump ended.
pub enum End {
    /// Every byte has reached the output.
    Whole,
    /// The reader of the output has gone, or either stream failed.
    Broken(StreamError),
}

/// A body on its way; pollables are declared first because they must be dropped first.
pub struct Pump {
    readable: Pollable,
    writable: Pollable,
    input: InputStream,
    output: OutputStream,
    wait: Wait,
}

impl Pump {
    /// A pump that has not moved anything yet.
    pub fn new(input: InputStream, output: OutputStream) -> Self {
        Self {
            readable: input.subscribe(),
            writable: output.subscribe(),
            input,
            output,
            wait: Wait::Writable,
        }
    }

    /// What must be ready before another step makes sense.
    pub fn pollable(&self) -> &Pollable {
        match self.wait {
            Wait::Readable => &self.readable,
            Wait::Writable | Wait::Flushed => &self.writable,
        }
    }

    /// Moves what can be moved without waiting; the end, if it came.
    pub fn step(&mut self) -> Option<End> {
        loop {
            let room = match self.output.check_write() {
                Ok(0) if matches!(self.wait, Wait::Flushed) => return None,
                Ok(0) => {
                    self.wait = Wait::Writable;
                    return None;
                }
                Ok(_) if matches!(self.wait, Wait::Flushed) => return Some(End::Whole),
                Ok(room) => room,
                // A reader that knows the length may close as soon as it has everything.
                Err(StreamError::Closed) if matches!(self.wait, Wait::Flushed) => {
                    return Some(End::Whole);
                }
                Err(error) => return Some(End::Broken(error)),
            };
            match self.output.splice(&self.input, room.min(CHUNK)) {
                Ok(0) => {
                    self.wait = Wait::Readable;
                    return None;
                }
                Ok(_) => {}
                // There was room, so it is the input that has ended.
                Err(StreamError::Closed) => {
                    self.wait = Wait::Flushed;
                    match self.output.flush() {
                        Ok(()) | Err(StreamError::Closed) => {}
                        Err(error) => return Some(End::Broken(error)),
                    }
                }
                Err(error) => return Some(End::Broken(error)),
            }
        }
    }
}
