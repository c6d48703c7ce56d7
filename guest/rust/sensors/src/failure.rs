//! Why a request was not served, and the answer that says so.

use support::Reply;
use wasip2::filesystem::types::{ErrorCode, filesystem_error_code};
use wasip2::io::streams::StreamError;

/// Why a request was not served.
pub enum Failure {
    /// The file system refused.
    Code(ErrorCode),
    /// A stream failed without a file system code: its text.
    Stream(String),
    /// The answer is known already.
    Answer(Reply),
}

impl Failure {
    /// The name of the error code as WIT spells it, or `stream-error: TEXT`.
    pub fn name(&self) -> String {
        match self {
            Self::Code(code) => code.name().into(),
            Self::Stream(text) => format!("stream-error: {text}"),
            Self::Answer(_) => "bad-request".into(),
        }
    }

    /// An answer whose body is the name of the error and a newline.
    pub fn into_reply(self) -> Reply {
        let name = self.name();
        let status = match self {
            Self::Answer(reply) => return reply,
            Self::Stream(_) => 500,
            Self::Code(code) => match code {
                ErrorCode::Access | ErrorCode::NotPermitted | ErrorCode::ReadOnly => 403,
                ErrorCode::NoEntry => 404,
                ErrorCode::Exist | ErrorCode::NotEmpty | ErrorCode::Busy => 409,
                ErrorCode::InsufficientSpace | ErrorCode::Quota | ErrorCode::FileTooLarge => 507,
                ErrorCode::Io | ErrorCode::InsufficientMemory => 500,
                _ => 400,
            },
        };
        Reply::text(status, format!("{name}\n"))
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<Reply> for Failure {
    fn from(reply: Reply) -> Self {
        Self::Answer(reply)
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Closed => Self::Stream("closed".into()),
            StreamError::LastOperationFailed(error) => match filesystem_error_code(&error) {
                Some(code) => Self::Code(code),
                None => Self::Stream(error.to_debug_string()),
            },
        }
    }
}
