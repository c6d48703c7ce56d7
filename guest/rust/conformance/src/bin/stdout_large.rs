//! Much output, in pieces of every size.
use std::io::Write;
fn main() {
    let mut out = std::io::stdout().lock();
    for length in 0..700 {
        out.write_all(&vec![b'x'; length]).expect("written");
    }
    out.flush().expect("flushed");
}
