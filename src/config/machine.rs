//! What the machine, or the container the server runs in, lets it use.

use std::fs::read_to_string;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

/// Memory supposed where nothing tells.
const SUPPOSED_MEMORY: u64 = 4 << 30;

/// Open files supposed where nothing tells.
const SUPPOSED_FILES: usize = 1024;

/// What the server may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Cores, by affinity and by the quota of the control group.
    pub cores: usize,
    /// Bytes of memory, by the machine and by the control group.
    pub memory: u64,
    /// Files that may be open at one time.
    pub files: usize,
}

impl Machine {
    /// Looks at the machine.
    pub fn look() -> Self {
        Self::at(Path::new("/"), available_parallelism().map_or(1, NonZero::get))
    }

    /// Looks at a machine whose files lie below `root` and which has so many cores.
    fn at(root: &Path, cores: usize) -> Self {
        let mounted = root.join("sys/fs/cgroup");
        let groups = groups(root, &mounted, str::is_empty);
        let older = groups_of_memory(root, &mounted);
        let installed = read_to_string(root.join("proc/meminfo")).ok().and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
            line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
        });
        let bytes = |path: PathBuf| read_to_string(path).ok()?.trim().parse::<u64>().ok();
        let granted = groups.iter().map(|group| group.join("memory.max"));
        let granted = granted.chain(older.iter().map(|group| group.join("memory.limit_in_bytes"))).filter_map(bytes);
        let shares = groups.iter().filter_map(|group| share(&read_to_string(group.join("cpu.max")).ok()?));
        let files = read_to_string(root.join("proc/self/limits")).ok().and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
            line.split_whitespace().next()?.parse().ok()
        });
        Self {
            cores: shares.fold(cores, usize::min).max(1),
            memory: granted.chain(installed).min().unwrap_or(SUPPOSED_MEMORY),
            files: files.unwrap_or(SUPPOSED_FILES),
        }
    }
}

/// The directories of the process's control group and of all that it lies in, in the hierarchy that is mounted there
/// and controls what `is_it` says: nothing by name in version 2.
fn groups(root: &Path, mounted: &Path, is_it: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let own = read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    // `number:controllers:path`
    let mut lines = own.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
    let own = lines.find(|(controls, _)| is_it(controls)).map_or("/", |(_, path)| path);
    let mut group = mounted.join(own.trim_start_matches('/'));
    let mut groups = vec![group.clone()];
    while group != mounted && group.starts_with(mounted) && group.pop() {
        groups.push(group.clone());
    }
    groups
}

/// The same for memory in version 1, where each resource has a hierarchy of its own. A container sees its own group
/// as the root of that, whatever the path it is told. (Cores are known by version 1 too, from the standard library.)
fn groups_of_memory(root: &Path, mounted: &Path) -> Vec<PathBuf> {
    groups(root, &mounted.join("memory"), |controls| controls.split(',').any(|name| name == "memory"))
}

/// The cores that a quota and its period come to, rounded up: `max 100000`, `150000 100000`.
fn share(text: &str) -> Option<usize> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    usize::try_from(quota.div_ceil(period.max(1))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root directory with the given files.
    fn root(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("jacobi-machine-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("it lies in a directory")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        }
        root
    }

    const MEMORY: (&str, &str) = ("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB\n");
    const LIMITS: (&str, &str) = (
        "proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\n\
         Max open files            2048                 1048576              files\n",
    );

    #[test]
    fn a_container_is_as_large_as_the_smallest_group_around_it() {
        let files = [
            MEMORY,
            LIMITS,
            ("proc/self/cgroup", "0::/pods/one\n"),
            ("sys/fs/cgroup/pods/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/pods/one/memory.max", "max\n"),
            ("sys/fs/cgroup/pods/one/cpu.max", "150000 100000\n"),
        ];
        let root = root("container", &files);
        assert_eq!(Machine::at(&root, 8), Machine { cores: 2, memory: 1 << 30, files: 2048 });
        std::fs::remove_dir_all(root).expect("it can be removed");
    }

    #[test]
    fn a_container_of_the_older_kind_is_seen_too() {
        let files = [
            MEMORY,
            LIMITS,
            ("proc/self/cgroup", "8:memory:/docker/one\n3:cpu,cpuacct:/docker/one\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
        ];
        let root = root("older", &files);
        assert_eq!(Machine::at(&root, 1), Machine { cores: 1, memory: 256 << 20, files: 2048 });
        // No limit is a number too.
        let unlimited = root.join("sys/fs/cgroup/memory/memory.limit_in_bytes");
        std::fs::write(unlimited, "9223372036854771712\n").expect("it can be written");
        assert_eq!(Machine::at(&root, 1).memory, 16_384_000_000);
        std::fs::remove_dir_all(root).expect("it can be removed");
    }

    #[test]
    fn without_a_group_the_machine_counts() {
        let root = root("bare", &[MEMORY, ("sys/fs/cgroup/cpu.max", "max 100000")]);
        assert_eq!(Machine::at(&root, 8), Machine { cores: 8, memory: 16_384_000_000, files: SUPPOSED_FILES });
        std::fs::remove_dir_all(root).expect("it can be removed");
        assert_eq!(Machine::at(Path::new("/nowhere"), 0).cores, 1);
    }
}
