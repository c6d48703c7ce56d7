//! The environment, in the order of names, and what is not in it.
fn main() {
    let mut all: Vec<_> = std::env::vars().collect();
    all.sort();
    println!("{all:?}");
    assert!(std::env::var("PATH").is_err());
}
