//! What fails says why.
use std::fs::{self, File};
use std::io::ErrorKind;
fn kind<T>(result: std::io::Result<T>) -> ErrorKind {
    result.err().expect("a failure").kind()
}
fn main() {
    assert_eq!(kind(File::open("/d/missing")), ErrorKind::NotFound);
    assert_eq!(kind(File::open("/d/file/x")), ErrorKind::NotADirectory);
    assert_eq!(kind(File::create_new("/d/file")), ErrorKind::AlreadyExists);
    assert_eq!(kind(fs::create_dir("/d/sub")), ErrorKind::AlreadyExists);
    assert_eq!(kind(fs::remove_dir("/d/sub")), ErrorKind::DirectoryNotEmpty);
    assert_eq!(kind(fs::remove_dir("/d/file")), ErrorKind::NotADirectory);
    assert_eq!(kind(fs::write("/d/sub", "")), ErrorKind::IsADirectory);
    assert_eq!(kind(fs::rename("/d/missing", "/d/x")), ErrorKind::NotFound);
    assert_eq!(kind(File::open("/d/../etc/passwd")), ErrorKind::PermissionDenied);
    assert!(File::open("/etc/passwd").is_err());
}
