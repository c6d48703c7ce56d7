//! Directories are made, listed and removed.
use std::fs;
fn main() -> std::io::Result<()> {
    fs::create_dir_all("/d/a/b/c")?;
    for number in 0..50 {
        fs::write(format!("/d/a/b/file-{number:02}"), [b'x'; 10])?;
    }
    let mut names = Vec::new();
    for entry in fs::read_dir("/d/a/b")? {
        let entry = entry?;
        names.push((entry.file_name().into_string().expect("UTF-8"), entry.file_type()?.is_dir()));
    }
    names.sort();
    assert_eq!(names.len(), 51);
    assert_eq!(names[0], ("c".into(), true));
    assert_eq!(names[50], ("file-49".into(), false));
    fs::remove_dir_all("/d/a")?;
    assert_eq!(fs::read_dir("/d")?.count(), 0);
    Ok(())
}
