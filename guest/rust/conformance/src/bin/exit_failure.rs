//! Exit code 1, after what was printed has arrived.
fn main() {
    print!("printed");
    eprintln!("complaint");
    std::process::exit(1);
}
