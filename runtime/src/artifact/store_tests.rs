//! Artifacts survive a round trip, and nothing else is taken for one.

use super::*;
use crate::artifact::{Artifact, Modules, ProgramKind, Target};
use std::sync::Arc;

fn id(stage: usize, kind: ProgramKind) -> ProgramId {
    ProgramId { variant: 0, stage, kind, rung: 0 }
}

fn with() -> CompiledWith {
    CompiledWith { target: "cpu".to_owned(), fingerprint: "f00d".to_owned() }
}

fn contents() -> Contents {
    let manifest = Manifest {
        format: FORMAT,
        compiler: "0.1.0".to_owned(),
        source_sha256: sha256(b"export x = t"),
        source_name: "x.dj".to_owned(),
        target: Target::cpu(),
        domains: Vec::new(),
        host_tables: Vec::new(),
        tables: Vec::new(),
        params: Vec::new(),
        variants: vec![crate::artifact::Variant { assumptions: Vec::new(), stages: Vec::new(), passes: Vec::new() }],
        unused_tables: Vec::new(),
        assertions: Vec::new(),
        exports: Vec::new(),
    };
    let modules = [
        (id(0, ProgramKind::Step(0)), "module @same {}".to_owned()),
        (id(1, ProgramKind::Step(0)), "module @same {}".to_owned()),
        (id(0, ProgramKind::Finish), "module @finish {}".to_owned()),
    ];
    let executables = vec![Executable { id: id(0, ProgramKind::Finish), with: with(), bytes: vec![1, 2, 3] }];
    Contents {
        source: "export x = t".to_owned(),
        plans: [("ast".to_owned(), "file".to_owned())].into(),
        programs: vec![ProgramContents { manifest, modules: modules.into(), executables }],
    }
}

#[test]
fn contents_survive_a_round_trip() {
    let written = contents();
    let artifact = Arc::new(Artifact::from_bytes(&to_bytes(&written).unwrap()).unwrap());
    let (manifest, modules) = artifact.program(Some(&Target::cpu())).unwrap();
    assert_eq!(manifest, &written.programs[0].manifest);
    assert_eq!(modules.module(id(1, ProgramKind::Step(0))).unwrap(), "module @same {}");
    let key = program_key("module @finish {}");
    assert_eq!(modules.executable(&key, &with()).unwrap().as_ref(), [1, 2, 3]);
    let other = CompiledWith { fingerprint: "beef".to_owned(), ..with() };
    assert_eq!(modules.executable(&key, &other), None);
    assert_eq!(modules.executable(&program_key("module @same {}"), &with()), None);
    assert!(modules.module(id(7, ProgramKind::Compact)).is_err());
    assert_eq!(artifact.plan("ast").unwrap(), "file");
    let mut without_executables = written;
    without_executables.programs[0].executables.clear();
    assert_eq!(artifact.contents(), without_executables);
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    assert_eq!(to_bytes(&contents()).unwrap(), to_bytes(&contents()).unwrap());
}

#[test]
fn programs_with_one_text_share_a_member() {
    let bytes = to_bytes(&contents()).unwrap();
    let zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("modules/cpu/")).count(), 2);
    assert_eq!(names[0], MANIFEST);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = to_bytes(&contents()).unwrap();
    for length in 0..bytes.len() {
        assert!(Artifact::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes are accepted", bytes.len());
    }
}

#[test]
fn every_damaged_byte_of_a_member_is_refused_or_harmless() {
    let bytes = to_bytes(&contents()).unwrap();
    let whole = Artifact::from_bytes(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        if let Ok(artifact) = Artifact::from_bytes(&damaged) {
            assert_eq!(artifact.contents(), whole.contents(), "byte {at}");
        }
    }
}

#[test]
fn foreign_files_are_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    for bytes in [b"".as_slice(), b"PAR1", &zip] {
        let error = Artifact::from_bytes(bytes).unwrap_err();
        assert_eq!(error.code().0, "DJ0501", "{error}");
    }
}

#[test]
fn a_newer_format_is_refused_whatever_it_holds() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(MANIFEST, SimpleFileOptions::default()).unwrap();
    zip.write_all(br#"{"format": 99, "novel": true}"#).unwrap();
    let error = Artifact::from_bytes(&zip.finish().unwrap().into_inner()).unwrap_err();
    assert_eq!(error.to_string(), format!("the artifact has format 99, and this DJ reads format {FORMAT}"));
}

#[test]
fn an_older_format_is_refused_by_its_number() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(MANIFEST, SimpleFileOptions::default()).unwrap();
    zip.write_all(br#"{"format": 2, "programs": []}"#).unwrap();
    let error = Artifact::from_bytes(&zip.finish().unwrap().into_inner()).unwrap_err();
    assert_eq!(error.to_string(), format!("the artifact has format 2, and this DJ reads format {FORMAT}"));
}

#[test]
fn a_member_that_has_no_checksum_is_refused() {
    let mut zip = ZipWriter::new_append(Cursor::new(to_bytes(&contents()).unwrap())).unwrap();
    zip.start_file("modules/cpu/evil.mlir", SimpleFileOptions::default()).unwrap();
    let error = Artifact::from_bytes(&zip.finish().unwrap().into_inner()).unwrap_err();
    assert_eq!(error.code().0, "DJ0502", "{error}");
}

/// The artifact with its members changed, and all checksums recomputed.
fn forged(change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut whole = zip::ZipArchive::new(Cursor::new(to_bytes(&contents()).unwrap())).unwrap();
    let mut archive = Archive { zip: ZipWriter::new(Cursor::new(Vec::new())), checksums: BTreeMap::new() };
    for index in 0..whole.len() {
        let mut member = whole.by_index(index).unwrap();
        let (path, mut bytes) = (member.name().unwrap().into_owned(), Vec::new());
        std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
        if path != CHECKSUMS {
            archive.add(&path, &change(&path, bytes)).unwrap();
        }
    }
    archive.finish().unwrap()
}

#[test]
fn a_module_under_another_ones_name_is_refused() {
    assert!(Artifact::from_bytes(&forged(|_, bytes| bytes)).is_ok());
    let swapped = forged(|path, bytes| if path.starts_with("modules/") { b"module @other {}".to_vec() } else { bytes });
    let error = Artifact::from_bytes(&swapped).unwrap_err();
    assert_eq!(error.code().0, "DJ0502");
    assert!(error.to_string().ends_with("is another module"), "{error}");
}

#[test]
fn an_executable_belongs_to_a_module_and_not_to_a_programs_name() {
    // The programs of two modules change places: each takes its executable along.
    let (same, finish) = (sha256(b"module @same {}"), sha256(b"module @finish {}"));
    let swap = |text: &str| text.replace(&same, "SAME").replace(&finish, &same).replace("SAME", &finish);
    let swapped =
        forged(
            |path, bytes| {
                if path == MANIFEST { swap(std::str::from_utf8(&bytes).unwrap()).into_bytes() } else { bytes }
            },
        );
    let artifact = Arc::new(Artifact::from_bytes(&swapped).unwrap());
    let (_, modules) = artifact.program(None).unwrap();
    let executable = |kind| {
        let text = modules.module(id(0, kind)).unwrap().into_owned();
        modules.executable(&program_key(&text), &with()).map(std::borrow::Cow::into_owned)
    };
    assert_eq!(executable(ProgramKind::Finish), None);
    assert_eq!(executable(ProgramKind::Step(0)), Some(vec![1, 2, 3]));
}

#[test]
fn an_executable_without_a_module_is_not_written() {
    let mut without = contents();
    without.programs[0].modules.remove(&id(0, ProgramKind::Finish));
    assert!(to_bytes(&without).is_err());
}

#[test]
fn another_target_is_refused() {
    let artifact = Arc::new(Artifact::from_bytes(&to_bytes(&contents()).unwrap()).unwrap());
    let error = artifact.program(Target::parse("cpu:8").as_ref()).unwrap_err();
    assert_eq!(error.to_string(), "the artifact holds no program for cpu:8, only for cpu");
}

#[test]
fn programs_are_read_as_they_are_printed() {
    for kind in [ProgramKind::Step(3), ProgramKind::Compact, ProgramKind::Finish] {
        let id = ProgramId { variant: 1, stage: 12, kind, rung: 5 };
        assert_eq!(ProgramId::parse(&id.to_string()), Some(id));
    }
    assert_eq!(ProgramId::parse("v0.s1.step.r0"), None);
}

#[test]
fn writing_replaces_a_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.djx");
    std::fs::write(&path, "old").unwrap();
    write(&path, &contents()).unwrap();
    Artifact::open(&path).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
