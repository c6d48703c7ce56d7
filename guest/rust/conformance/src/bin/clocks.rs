//! Both clocks, and sleeping.
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
fn main() {
    let before = Instant::now();
    sleep(Duration::from_millis(10));
    assert!(before.elapsed() >= Duration::from_millis(10));
    assert!(before.elapsed() < Duration::from_secs(60));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    assert!(now > Duration::from_secs(1_577_836_800));
}
