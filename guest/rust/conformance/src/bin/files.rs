//! Files are written, read, appended to, cut off and removed.
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
fn main() -> std::io::Result<()> {
    fs::write("/d/f", "one two three")?;
    assert_eq!(fs::read_to_string("/d/f")?, "one two three");
    OpenOptions::new().append(true).open("/d/f")?.write_all(b" four")?;
    let mut file = File::options().read(true).write(true).open("/d/f")?;
    file.seek(SeekFrom::End(-4))?;
    let mut end = String::new();
    file.read_to_string(&mut end)?;
    assert_eq!(end, "four");
    file.set_len(3)?;
    file.rewind()?;
    file.write_all(b"ONE")?;
    file.sync_all()?;
    drop(file);
    assert_eq!(fs::read("/d/f")?, b"ONE");
    assert_eq!(fs::metadata("/d/f")?.len(), 3);
    fs::copy("/d/f", "/d/g")?;
    fs::rename("/d/g", "/d/h")?;
    fs::hard_link("/d/h", "/d/i")?;
    fs::remove_file("/d/f")?;
    assert!(!fs::exists("/d/f")?);
    print!("{}", fs::read_to_string("/d/i")?);
    Ok(())
}
