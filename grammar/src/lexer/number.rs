//! Numbers, durations, dates and timestamps: where they end, and what is wrong with those that only look like one.

use super::{Lexer, TokenKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// The units of durations and calendar intervals.
const UNITS: [&str; 9] = ["us", "ms", "s", "min", "h", "d", "w", "mo", "y"];

impl Lexer<'_> {
    pub(super) fn number(&mut self) {
        let whole = self.digits(0);
        let mut length = whole;
        if self.peek(whole) == Some(b'.') && self.peek(whole + 1) != Some(b'.') {
            length += 1 + self.digits(whole + 1);
        }
        length += self.exponent(length);
        let suffix = self.name_bytes(length);
        let (number, unit) = self.rest()[..length + suffix].split_at(length);
        if let Some((message, help)) = number_fault(number, unit) {
            let span = Span::new(self.at, self.at + length + suffix);
            self.invalid(length + suffix, Diagnostic::error(codes::NUMBER, message).at(span).help(help));
        } else if suffix == 0 {
            self.push(TokenKind::Number, length);
        } else {
            self.push(TokenKind::Duration, length + suffix);
        }
    }

    fn digits(&self, ahead: usize) -> usize {
        self.rest().as_bytes()[ahead..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count()
    }

    /// The length of the exponent that follows from `ahead` bytes on; 0 where there is none.
    fn exponent(&self, ahead: usize) -> usize {
        if !matches!(self.peek(ahead), Some(b'e' | b'E')) || self.peek(ahead.wrapping_sub(1)) == Some(b'.') {
            return 0;
        }
        let sign = usize::from(matches!(self.peek(ahead + 1), Some(b'+' | b'-')));
        let digits = self.rest().as_bytes()[ahead + 1 + sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 { 0 } else { 1 + sign + digits }
    }

    pub(super) fn instant(&mut self) {
        let length = self.instant_length();
        if length > 0 && !self.peek(length).is_some_and(super::is_name_byte) {
            return self.push(TokenKind::Instant, length);
        }
        let is_part = |byte: &u8| super::is_name_byte(*byte) || b"@-:".contains(byte);
        let length = self.rest().bytes().take_while(is_part).count();
        let mut problem =
            Diagnostic::error(codes::INSTANT, "`@` begins a date or a timestamp, and what follows is neither")
                .at(Span::new(self.at, self.at + length))
                .help("a date is written `@2024-01-31`, a timestamp `@2024-01-31T08:30:00`");
        if self.rest()[..length].ends_with('Z') {
            problem = problem.help("timestamps are UTC: leave the `Z` out");
        }
        self.invalid(length, problem);
    }

    /// The length of the date or timestamp that follows; 0 where there is none.
    fn instant_length(&self) -> usize {
        const DAY: &[u8] = b"@0000-00-00";
        const TIME: &[u8] = b"T00:00:00";
        if !self.matches_shape(0, DAY) {
            return 0;
        }
        if !self.matches_shape(DAY.len(), TIME) {
            return DAY.len();
        }
        let length = DAY.len() + TIME.len();
        let fraction = &self.rest().as_bytes()[length..];
        let digits = fraction.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        if fraction.first() == Some(&b'.') && digits > 0 { length + 1 + digits } else { length }
    }

    /// Whether what follows from `ahead` bytes on looks like `shape`, where `0` is any digit.
    fn matches_shape(&self, ahead: usize, shape: &[u8]) -> bool {
        shape.iter().enumerate().all(|(index, expected)| {
            let found = self.peek(ahead + index);
            if *expected == b'0' { found.is_some_and(|byte| byte.is_ascii_digit()) } else { found == Some(*expected) }
        })
    }
}

/// What is wrong with a number and what follows it without space, and how to go on.
fn number_fault(number: &str, unit: &str) -> Option<(String, String)> {
    if let Some(whole) = number.strip_suffix('.') {
        let message = format!("`{number}` has no digit after its dot");
        return Some((message, format!("write `{whole}.0` or `{whole}`")));
    }
    if number.ends_with('_') || ["__", "_.", "._"].iter().any(|pair| number.contains(pair)) {
        let message = format!("`{number}{unit}` has an underscore that is not between two digits");
        return Some((message, "underscores separate digits: `1_000`".to_owned()));
    }
    if unit.is_empty() {
        return None;
    }
    if matches!(unit, "e" | "E") {
        let message = format!("`{number}{unit}` has no digit in its exponent");
        return Some((message, "a number with an exponent is written `1e-9` or `6.02e23`".to_owned()));
    }
    if number == "0" && unit.starts_with(['x', 'X', 'b', 'B']) {
        let message = format!("`{number}{unit}` is not a number");
        return Some((message, "numbers are decimal: `2_500_000`, `0.001`, `1e-9`".to_owned()));
    }
    if number.contains(['e', 'E']) {
        let message = format!("`{number}{unit}` is not a number");
        return Some((message, "an exponent is the last of a number and has digits alone: `1e-9`".to_owned()));
    }
    if !UNITS.contains(&unit) {
        let message = format!("`{unit}` is not a unit of time, and a name cannot start with a digit");
        return Some((message, format!("the units are {}", UNITS.map(|unit| format!("`{unit}`")).join(", "))));
    }
    number.contains('.').then(|| {
        let message = format!("`{number}{unit}` is not a duration: only whole numbers have a unit");
        (message, "use a smaller unit: one and a half hours are `90min`".to_owned())
    })
}
