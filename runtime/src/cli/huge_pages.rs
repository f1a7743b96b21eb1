//! Memory in huge pages: a command starts itself again where only its environment can ask for them.
//!
//! Programs take their buffers from the system and give them back. In pages of 4 kB the kernel needs longer to hand out and clear
//! memory than programs need to fill it: a median of 1e7 rows took 0.30 s, of which 0.17 s went there. Many systems give huge pages
//! only to those that ask (`madvise`); glibc asks for what it allocates if `GLIBC_TUNABLES` says so when the process starts.

use std::ffi::OsString;
#[cfg(unix)]
use std::process::Command;

/// What glibc reads when a process starts.
const VARIABLE: &str = "GLIBC_TUNABLES";

/// What says that the process was started again.
const MARK: &str = "DJ_STARTED_AGAIN";

/// Asks for huge pages where the system has any.
const TUNABLE: &str = "glibc.malloc.hugetlb";

/// Starts the process again with huge pages, before it has done anything, if that is how it gets them. If not, or if that fails,
/// it goes on as it is.
pub fn ask_for_huge_pages() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    // Where the system takes the variable away from privileged programs it is missing each time.
    if std::env::var_os(MARK).is_some() || !is_own_program() {
        return;
    }
    let enabled = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let Some(tunables) = tunables(&enabled, std::env::var_os(VARIABLE)) else { return };
    if let Ok(program) = std::env::current_exe() {
        start_again(program.as_os_str(), &tunables);
    }
}

/// Whether the process is what its first argument names, and not a loader that was given a program.
fn is_own_program() -> bool {
    let own = std::env::current_exe().ok();
    let given = std::env::args_os().next().map(std::path::PathBuf::from);
    let given = given.map(|given| given.canonicalize().unwrap_or(given));
    own.zip(given).is_some_and(|(own, given)| own.file_name() == given.file_name())
}

/// What to start with, if huge pages are for those who ask, and nobody has said whether to ask.
fn tunables(enabled: &str, set: Option<OsString>) -> Option<OsString> {
    let Some(set) = set.filter(|set| !set.is_empty()) else {
        return enabled.contains("[madvise]").then(|| format!("{TUNABLE}=1").into());
    };
    let is_open = enabled.contains("[madvise]") && !set.to_string_lossy().contains(TUNABLE);
    is_open.then(|| {
        let mut all = set;
        all.push(format!(":{TUNABLE}=1"));
        all
    })
}

#[cfg(unix)]
fn start_again(program: &std::ffi::OsStr, tunables: &std::ffi::OsStr) {
    use std::os::unix::process::CommandExt;
    let mut given = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = given.next() {
        command.arg0(name);
    }
    // It returns only if it fails, and then nothing has changed.
    drop(command.args(given).env(VARIABLE, tunables).env(MARK, "1").exec());
}

#[cfg(not(unix))]
fn start_again(_program: &std::ffi::OsStr, _tunables: &std::ffi::OsStr) {}

#[cfg(test)]
mod tests {
    use super::tunables;

    #[test]
    fn huge_pages_are_asked_for_once_and_where_that_helps() {
        let of = |enabled, set: Option<&str>| {
            tunables(enabled, set.map(Into::into)).map(|all| all.to_string_lossy().into_owned())
        };
        let ask = "always [madvise] never";
        assert_eq!(of(ask, None).as_deref(), Some("glibc.malloc.hugetlb=1"));
        assert_eq!(of(ask, Some("")).as_deref(), Some("glibc.malloc.hugetlb=1"));
        assert_eq!(of(ask, Some("a.b=1")).as_deref(), Some("a.b=1:glibc.malloc.hugetlb=1"));
        assert_eq!(of(ask, of(ask, None).as_deref()), None, "the process that was started starts no other");
        assert_eq!(of(ask, Some("glibc.malloc.hugetlb=0")), None);
        assert_eq!(of("[always] madvise never", None), None);
        assert_eq!(of("always madvise [never]", None), None);
        assert_eq!(of("", None), None);
    }
}
