//! What the run holds in memory for states, results and tables, against the limit.

use std::cell::Cell;
use std::rc::Rc;

/// Bytes in use and the limit.
#[derive(Debug)]
pub(super) struct Account {
    limit: u64,
    used: Cell<u64>,
    peak: Cell<u64>,
}

/// Bytes that are in use until this is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    account: Rc<Account>,
    bytes: u64,
}

/// What the texts of a run may take beside all else that is in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextLimit {
    others: u64,
    limit: u64,
}

impl TextLimit {
    /// The bytes of all texts.
    pub(super) fn most(self) -> u64 {
        self.limit.saturating_sub(self.others)
    }

    /// Whether texts of so many bytes are too many.
    pub(super) fn check(self, bytes: u64) -> Result<(), OverLimit> {
        if bytes <= self.most() {
            return Ok(());
        }
        Err(OverLimit { needed: self.others.saturating_add(bytes), limit: self.limit })
    }
}

/// More is needed than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverLimit {
    /// Bytes that would be in use.
    pub(super) needed: u64,
    /// Bytes that may be.
    pub(super) limit: u64,
}

impl Account {
    pub(super) fn new(limit: u64) -> Rc<Self> {
        Rc::new(Self { limit, used: Cell::new(0), peak: Cell::new(0) })
    }

    /// Bytes that were in use at most.
    pub(super) fn peak(&self) -> u64 {
        self.peak.get()
    }

    /// What texts may take, of which those in the lease are in use already.
    pub(super) fn text_limit(&self, leased: Option<&Lease>) -> TextLimit {
        let used = self.used.get();
        let others = match leased {
            Some(texts) => used - texts.bytes(),
            None => used,
        };
        TextLimit { others, limit: self.limit }
    }

    /// Takes bytes into use.
    pub(super) fn lease(self: &Rc<Self>, bytes: u64) -> Result<Lease, OverLimit> {
        let needed = self.used.get().saturating_add(bytes);
        if needed > self.limit {
            return Err(OverLimit { needed, limit: self.limit });
        }
        self.used.set(needed);
        self.peak.set(self.peak.get().max(needed));
        Ok(Lease { account: Rc::clone(self), bytes })
    }
}

impl Lease {
    /// How many bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.account.used.set(self.account.used.get() - self.bytes);
    }
}

/// Three quarters of the memory that this process may use: the machine's, or the control group's where that is less.
pub fn default_memory_limit() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
    });
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    let least = machine.into_iter().chain(group).min();
    least.map_or(u64::MAX, |bytes| bytes / 4 * 3)
}

impl OverLimit {
    /// What needs too much.
    pub(super) fn message(self, what: &str) -> String {
        format!("{what} needs {} of memory, and the limit is {}", show_bytes(self.needed), show_bytes(self.limit))
    }

    /// What to do about it.
    pub(super) const HELP: &str = "raise the limit with `--memory-limit`, or keep fewer rows or columns";
}

/// Bytes as people read them: `1.5 GiB`.
pub fn show_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if bytes == 1 {
        "1 byte".to_owned()
    } else if unit == 0 {
        format!("{bytes} bytes")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Reads `4GiB`, `500 MB`, `1048576`.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    let value = number.parse::<f64>().ok()? * factor as f64;
    (value.is_finite() && value >= 1.0).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_end_when_dropped() {
        let account = Account::new(100);
        let first = account.lease(60).unwrap();
        assert_eq!(account.lease(50).unwrap_err(), OverLimit { needed: 110, limit: 100 });
        drop(first);
        let _second = account.lease(100).unwrap();
        assert_eq!(account.peak(), 100);
    }

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!(parse_bytes("4GiB"), Some(4 << 30));
        assert_eq!(parse_bytes("1.5 GB"), Some(1_500_000_000));
        assert_eq!(parse_bytes("4096"), Some(4096));
        assert_eq!(parse_bytes("lots"), None);
        assert_eq!(parse_bytes("4 elephants"), None);
        assert_eq!(show_bytes(1536), "1.5 KiB");
        assert_eq!(show_bytes(17), "17 bytes");
        assert_eq!(show_bytes(1), "1 byte");
    }
}
