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
        working_directory: Some(root.join("project/src")),
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
