//! Hash maps take their seed from the host, anew for each run.
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
fn main() {
    let map: HashMap<_, _> = (0..100).map(|number| (number, number * 2)).collect();
    assert_eq!(map[&21], 42);
    assert_ne!(RandomState::new().hash_one(1), 0);
}
