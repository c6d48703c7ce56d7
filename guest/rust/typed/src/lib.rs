//! Functions over every type of WIT: called as typed calls, without HTTP of their own.
#![allow(missing_docs, reason = "the generated bindings are documented in wit/typed.wit")]

use std::cell::Cell;

wit_bindgen::generate!({ path: "wit", world: "typed" });

use exports::selvedge::typed::counters::{Counter, CounterBorrow, Failure, Guest as Counters, GuestCounter};
use exports::selvedge::typed::mirror::{self, Guest as Mirror};
use exports::selvedge::typed::odd::Guest as Odd;

struct Typed;

impl Guest for Typed {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn divide(dividend: i64, divisor: i64) -> Result<i64, String> {
        dividend.checked_div(divisor).ok_or_else(|| format!("{dividend} cannot be divided by {divisor}"))
    }

    fn reverse(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.reverse();
        bytes
    }

    fn greet(name: String, title: Option<String>) -> String {
        match title {
            Some(title) => format!("Good day, {title} {name}!"),
            None => format!("Hello, {name}!"),
        }
    }

    fn defaults(a: Option<u8>, b: Option<Option<u8>>, c: String) -> String {
        format!("{a:?} {b:?} {c:?}")
    }
}

macro_rules! mirrors {
    ($($name:ident: $type:ty),* $(,)?) => {
        impl Mirror for Typed {
            $(fn $name(value: $type) -> $type {
                value
            })*
        }
    };
}

mirrors! {
    echo_outcome: mirror::Outcome,
    echo_bool: bool,
    echo_u8: u8,
    echo_s8: i8,
    echo_u16: u16,
    echo_s16: i16,
    echo_u32: u32,
    echo_s32: i32,
    echo_u64: u64,
    echo_s64: i64,
    echo_f32: f32,
    echo_f64: f64,
    echo_char: char,
    echo_string: String,
    echo_bytes: Vec<u8>,
    echo_s8s: Vec<i8>,
    echo_u16s: Vec<u16>,
    echo_s32s: Vec<i32>,
    echo_u64s: Vec<u64>,
    echo_f32s: Vec<f32>,
    echo_f64s: Vec<f64>,
    echo_bools: Vec<bool>,
    echo_strings: Vec<String>,
    echo_matrix: Vec<Vec<u8>>,
    echo_point: mirror::Point,
    echo_reading: mirror::Reading,
    echo_side: mirror::Side,
    echo_rights: mirror::Rights,
    echo_wide: mirror::Wide,
    echo_pair: mirror::Pair,
    echo_option: Option<u32>,
    echo_option_option: Option<Option<String>>,
    echo_option3: Option<Option<Option<u8>>>,
    echo_result: Result<u32, String>,
    echo_result_empty: Result<(), ()>,
    echo_result_option: Result<Option<u8>, Option<String>>,
    echo_results: Vec<Result<u8, String>>,
    echo_option_result: Option<Result<u8, ()>>,
    echo_nested: mirror::Nested,
}

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Count(Cell<u32>);

impl Counters for Typed {
    type Counter = Count;

    fn total(of: Vec<CounterBorrow<'_>>) -> u32 {
        of.iter().map(|each| each.get::<Count>().0.get()).sum()
    }

    fn finish(the: Counter) -> u32 {
        the.into_inner::<Count>().0.get()
    }

    fn make(count: u8) -> Vec<Counter> {
        (0..count).map(|_| Counter::new(Count(Cell::new(0)))).collect()
    }

    fn calls() -> u32 {
        CALLS.set(CALLS.get() + 1);
        CALLS.get()
    }
}

impl GuestCounter for Count {
    fn new(start: u32) -> Self {
        Count(Cell::new(start))
    }

    fn get(&self) -> u32 {
        self.0.get()
    }

    fn add(&self, by: i32) -> Result<u32, Failure> {
        let sum = i64::from(self.0.get()) + i64::from(by);
        if sum < 0 {
            return Err(Failure::Underflow);
        }
        let sum = u32::try_from(sum).map_err(|_| Failure::Overflow(u32::MAX))?;
        self.0.set(sum);
        Ok(sum)
    }

    fn merge(left: CounterBorrow<'_>, right: CounterBorrow<'_>) -> Counter {
        let sum = left.get::<Count>().0.get() + right.get::<Count>().0.get();
        Counter::new(Count(Cell::new(sum)))
    }

    fn try_new(start: i64) -> Result<Counter, String> {
        match u32::try_from(start) {
            Ok(start) => Ok(Counter::new(Count(Cell::new(start)))),
            Err(_) => Err(format!("a counter cannot begin at {start}")),
        }
    }
}

impl Odd for Typed {
    fn check(value: mirror::Outcome) -> mirror::Outcome {
        value
    }

    fn crash(message: String) {
        panic!("{message}");
    }

    fn total(of: Vec<u32>) -> u64 {
        of.into_iter().map(u64::from).sum()
    }

    fn then() -> String {
        "now".into()
    }

    fn record(type_: String, self_: u8, class_name: String) -> String {
        format!("{type_} {self_} {class_name}")
    }

    fn nothing() {}

    fn bytes(count: u32) -> Vec<u8> {
        vec![b'x'; count as usize]
    }

    fn text(count: u32) -> String {
        "x".repeat(count as usize)
    }
}

export!(Typed);
