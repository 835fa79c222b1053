//! The most memory a process has held.

/// Peak resident set of a process in KiB, where the system tells (Linux's /proc).
pub(crate) fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    peak_in(&status)
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_high_water_mark() {
        assert_eq!(peak_in("Name:\tx\nVmHWM:\t    5160 kB\nVmRSS:\t 100 kB\n"), Some(5160));
        assert_eq!(peak_in("Name:\tx\n"), None);
    }
}
