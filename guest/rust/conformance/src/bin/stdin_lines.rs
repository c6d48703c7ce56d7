//! Standard input line by line, and to its end.
fn main() {
    let mut count = 0;
    for line in std::io::stdin().lines() {
        println!("{}", line.expect("text").to_uppercase());
        count += 1;
    }
    println!("{count} lines");
}
