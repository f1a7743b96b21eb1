//! Where plugins are looked for, and what is said when one is missing or wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::discover::Surroundings;
use super::super::{PjrtError, Platform, Plugin};
use super::{cpu_plugin, find_plugin};

fn touch(path: &Path) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, [b'x'; 4096]).unwrap();
    path.to_path_buf()
}

#[test]
fn nearer_places_win() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let packaged = "lib/python3.11/site-packages/libtpu/libtpu.so";
    let mut surroundings = Surroundings {
        dj_home: Some(root.join("dj")),
        executable: Some(touch(&root.join("project/target/debug/djc"))),
        virtual_env: Some(root.join("env")),
        home: Some(root.join("home")),
        root: root.to_path_buf(),
        ..Surroundings::default()
    };
    let Err(PjrtError::NotInstalled { looked, .. }) = surroundings.search(Platform::Tpu) else { panic!() };
    assert!(looked.contains(&root.join("env/lib/python3*/site-packages/libtpu/libtpu.so")), "{looked:?}");

    let places = [
        root.join("usr/lib/libtpu.so"),
        root.join("usr/local").join(packaged),
        root.join("home/.local").join(packaged),
        root.join("env").join(packaged),
        root.join("env/lib/python3.13/site-packages/libtpu/libtpu.so"),
        root.join("project/.cache/venv").join(packaged),
        root.join("dj/plugins/libtpu.so"),
    ];
    for place in places {
        touch(&place);
        assert_eq!(surroundings.search(Platform::Tpu).unwrap(), place);
    }
    surroundings.variable = Some(touch(&root.join("variable.so")));
    assert_eq!(surroundings.search(Platform::Tpu).unwrap(), root.join("variable.so"));
    surroundings.explicit = Some(root.join("missing.so"));
    assert!(matches!(surroundings.search(Platform::Tpu), Err(PjrtError::Load { .. })));
}

/// A library that someone put where others work, or above a program in a folder that all may write, is not loaded.
#[cfg(unix)]
#[test]
fn planted_plugins_are_not_found() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let open = root.path().join("open");
    let program = touch(&open.join("own/djc"));
    let packaged = "lib/python3.11/site-packages/libtpu/libtpu.so";
    let planted = touch(&open.join(".cache/venv").join(packaged));
    let surroundings =
        Surroundings { executable: Some(program), root: root.path().join("system"), ..Surroundings::default() };
    let mode = |mode| std::fs::set_permissions(&open, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o755);
    assert_eq!(surroundings.search(Platform::Tpu).unwrap(), planted);
    for all_write in [0o1777, 0o777] {
        mode(all_write);
        assert!(surroundings.search(Platform::Tpu).is_err());
    }
    let own = touch(&open.join("own/.cache/venv").join(packaged));
    assert_eq!(surroundings.search(Platform::Tpu).unwrap(), own);
    // Nor is the working directory looked at: nothing of the search depends on it.
    let text = Surroundings { root: root.path().to_owned(), ..Surroundings::default() };
    let Err(PjrtError::NotInstalled { looked, .. }) = text.search(Platform::Cpu) else { panic!() };
    assert!(looked.iter().all(|place| place.starts_with(root.path())), "{looked:?}");
}

#[test]
fn a_missing_plugin_says_how_to_get_it() {
    let root = tempfile::tempdir().unwrap();
    let surroundings = Surroundings { root: root.path().to_path_buf(), ..Surroundings::default() };
    let message = surroundings.search(Platform::Cpu).unwrap_err().to_string();
    for part in ["pip install xla-cpu-pjrt==0.0.1", "DJ_CPU_PLUGIN", "djc doctor", "usr/lib/xla_cpu_pjrt.so"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn wrong_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = find_plugin(Platform::Cpu, Some(&folder.path().join("none.so"))).unwrap_err().to_string();
    assert!(missing.ends_with("none.so: no such file"), "{missing}");
    let text = Plugin::load(&touch(&folder.path().join("text.so"))).unwrap_err().to_string();
    assert!(text.contains("text.so: ") && text.contains("invalid ELF header"), "{text}");
    let other = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6", "/lib64/libm.so.6"];
    if let Some(other) = other.iter().find(|path| Path::new(path).exists()) {
        let error = Plugin::load(Path::new(other)).unwrap_err().to_string();
        assert!(error.ends_with("not a PJRT plugin: it exports no GetPjrtApi"), "{error}");
    }
}

#[test]
fn a_plugin_is_loaded_once() {
    let plugin = cpu_plugin();
    assert!(Arc::ptr_eq(&plugin, &Plugin::load(plugin.path()).unwrap()));
}
