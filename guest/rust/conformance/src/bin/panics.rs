//! A panic says so and traps.
fn main() {
    panic!("on purpose");
}
