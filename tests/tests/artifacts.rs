//! Artifacts that somebody changed, checksums and all: they run, or are refused as damaged; nothing else happens.

use arrow::array::{Int64Array, RecordBatch, StringArray};
use dj_runtime::artifact::{Artifact, Contents, Manifest, store};
use dj_runtime::execute::{CompiledProgram, Options, Request, RunError, Session, open_client};
use dj_runtime::io::InMemory;
use dj_runtime::pjrt::Client;
use dj_tests::Result;
use dj_tests::cli::{djc, djrun};
use serde_json::Value;
use std::sync::Arc;

/// Reads two tables and uses texts, parameters, cells, joins, host columns and slices.
const PROGRAM: &str = "\
table t { k: i64 in 0..50, s: str? }
table d { id: i64, name: str }
param least: i64 = 3
let top = t | aggregate { m = max(k) }
export a = t | filter k > least and s like \"%a%\" | group { s } { n = count(), last = max(k) } | sort s
export b = t | join d on k == id | derive both = concat(s, name, k as str) | filter k < top.m | take 5
";

fn batch(columns: Vec<(&str, arrow::array::ArrayRef)>) -> Result<InMemory> {
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(InMemory::new(batch.schema(), vec![batch])?)
}

fn request() -> Result<Request> {
    let k: Vec<i64> = (0..100).map(|row| row % 50).collect();
    let s: Vec<String> = (0..100).map(|row| format!("{}a{}", row % 7, row % 3)).collect();
    let t = batch(vec![("k", Arc::new(Int64Array::from(k))), ("s", Arc::new(StringArray::from(s)))])?;
    let names: Vec<String> = (0..50).map(|id| format!("name {id}")).collect();
    let ids = Int64Array::from_iter_values(0..50);
    let d = batch(vec![("id", Arc::new(ids)), ("name", Arc::new(StringArray::from(names)))])?;
    Ok(Request::new().table("t", t).table("d", d))
}

fn compiled(source: &str) -> Result<Contents> {
    let folder = tempfile::tempdir()?;
    let (program, artifact) = (folder.path().join("p.dj"), folder.path().join("p.djx"));
    std::fs::write(&program, source)?;
    djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).succeed()?;
    Ok(Artifact::open(&artifact)?.contents())
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// Changes one thing in JSON, `target` things from its start.
fn edit(value: &mut Value, target: &mut usize, dice: &mut Dice) {
    if *target == 0 {
        change(value, dice);
    }
    let Some(left) = target.checked_sub(1) else {
        *target = usize::MAX;
        return;
    };
    *target = left;
    match value {
        Value::Array(items) => {
            for item in items {
                edit(item, target, dice);
            }
        }
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut() {
                edit(field, target, dice);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn change(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Null => *value = Value::from(dice.roll(4)),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => {
            let old = number.as_u64().unwrap_or(0);
            let new =
                [0, 1, old ^ 1, old.wrapping_add(1), old.wrapping_mul(2), old / 2, 1 << 31, 1_000_000, u64::MAX >> 1];
            *value = Value::from(new[dice.roll(new.len())]);
        }
        Value::String(text) => {
            let elements = ["i1", "i32", "i64", "f64", "ui8", "I64", "Str", "Emit", "Row", ""];
            *text = elements[dice.roll(elements.len())].to_owned();
        }
        Value::Array(items) if items.is_empty() => items.push(Value::from(dice.roll(3))),
        Value::Array(items) => match dice.roll(3) {
            0 => {
                items.pop();
            }
            1 => items.push(items[0].clone()),
            _ => items.reverse(),
        },
        Value::Object(_) => *value = Value::Null,
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// How a run of an edited artifact ends.
fn outcome(contents: &Contents, client: &Client) -> Result<&'static str> {
    let artifact = match Artifact::from_bytes(&store::to_bytes(contents)?) {
        Ok(artifact) => Arc::new(artifact),
        Err(_) => return Ok("refused"),
    };
    let options =
        Options { use_cache: false, optimization_level: Some(0), memory_limit: 1 << 30, ..Options::default() };
    let session = CompiledProgram::of(&artifact, None).map_err(RunError::from);
    let ran = session.and_then(|program| Session::new(client.clone(), program, options));
    match ran.and_then(|session| session.collect(&request().map_err(|error| RunError::bug(error.to_string()))?)) {
        Ok(_) => Ok("ran"),
        Err(RunError::Bug(what)) => Err(format!("a bug is told of: {what}").into()),
        Err(RunError::Program(_) | RunError::Usage(_) | RunError::Machine(_)) => Ok("failed"),
    }
}

#[test]
fn an_edited_manifest_is_refused_or_runs() -> Result {
    let contents = compiled(PROGRAM)?;
    let client = open_client(&contents.programs[0].manifest.target, None)?;
    assert_eq!(outcome(&contents, &client)?, "ran");
    let manifest = serde_json::to_value(&contents.programs[0].manifest)?;
    let things = size(&manifest);
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let (mut refused, mut problems) = (0, Vec::new());
    let edits = std::env::var("DJ_EDITS").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for round in 0..edits {
        let mut edited = manifest.clone();
        edit(&mut edited, &mut dice.roll(things).clone(), &mut dice);
        let Ok(read) = serde_json::from_value::<Manifest>(edited) else {
            refused += 1;
            continue;
        };
        let mut contents = contents.clone();
        contents.programs[0].manifest = read;
        match outcome(&contents, &client) {
            Ok("refused") => refused += 1,
            Ok(_) => {}
            Err(error) => problems.push(format!("edit {round}: {error}")),
        }
    }
    assert!(refused > edits / 3, "only {refused} of {edits} edits are refused");
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

#[test]
fn deep_expressions_are_packed_and_run() -> Result {
    let folder = tempfile::tempdir()?;
    let nested = (0..30).fold("s".to_owned(), |text, _| format!("replace({text}, \"a\", \"b\")"));
    let chain: String = (1..=30).map(|at| format!(" | derive s{at} = concat(s{}, \"x\")", at - 1)).collect();
    let program = folder.path().join("deep.dj");
    let source = format!(
        "table t from \"t.csv\" {{ s: str }}\nexport nested = t | select {{ s = {nested} }}\n\
         export chained = t | select {{ s0 = s }}{chain} | select {{ s = s30 }}\n"
    );
    std::fs::write(&program, source)?;
    let data = folder.path().join("t.csv");
    std::fs::write(&data, "s\nbanana\n")?;
    let artifact = folder.path().join("deep.djx");
    djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).succeed()?;
    let bind = format!("t={}", data.display());
    let run = djrun()?.arg(&artifact).args(["--format", "csv", "--bind", &bind]).succeed()?;
    run.prints("bbnbnb")?.prints(&format!("banana{}", "x".repeat(30)))?;
    Ok(())
}

#[test]
fn what_is_too_deep_is_refused_when_it_is_packed() -> Result {
    let folder = tempfile::tempdir()?;
    let nested =
        |times: usize, call: &str, end: &str| (0..times).fold("x".to_owned(), |text, _| format!("{call}({text}{end})"));
    let twenty = nested(20, "replace", ", \"a\", \"b\"");
    let all = nested(20, "f", "");
    let program = folder.path().join("deep.dj");
    std::fs::write(
        &program,
        format!("table t {{ x: str }}\nfn f(x) = {twenty}\nexport r = t | select {{ s = {all} }}\n"),
    )?;
    let artifact = folder.path().join("deep.djx");
    let run = djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).run()?;
    run.code(1)?.complains("nests deeper")?;
    assert!(!artifact.exists());
    Ok(())
}

/// What serves an artifact knows its inputs, parameters, outputs and targets without running it.
#[test]
fn an_artifact_tells_what_it_takes_and_gives() -> Result {
    let folder = tempfile::tempdir()?;
    let (program, artifact) = (folder.path().join("p.dj"), folder.path().join("p.djx"));
    let source = "param least: i64 = 30\ntable t from \"t.csv\" { k: i64, s: str?, unread: date }\n\
                  export result = t | filter k >= least | group s { n = count(), m = max(k) }\n";
    std::fs::write(&program, source)?;
    djc()?
        .arg("compile")
        .arg(&program)
        .arg("-o")
        .arg(&artifact)
        .args(["--target", "cpu", "--target", "cpu:2x4"])
        .succeed()?;
    let told = djrun()?.arg(&artifact).args(["--info", "--json"]).succeed()?;
    let told: serde_json::Value = serde_json::from_str(&told.stdout)?;
    let column =
        |name: &str, ty: &str, nullable: bool| serde_json::json!({ "name": name, "type": ty, "nullable": nullable });
    assert_eq!(told["name"], "p.dj");
    assert_eq!(told["inputs"][0]["columns"], serde_json::json!([column("k", "i64", false), column("s", "str", true)]));
    assert_eq!(told["inputs"][0]["path"], "t.csv");
    assert_eq!((&told["parameters"][0]["name"], &told["parameters"][0]["default"]), (&"least".into(), &"30".into()));
    let wanted = [column("s", "str", true), column("n", "i64", false), column("m", "i64", false)];
    assert_eq!(told["outputs"][0]["columns"], serde_json::json!(wanted));
    assert_eq!(told["targets"][1]["mesh"], serde_json::json!([2, 4]));
    let text = djrun()?.arg(&artifact).arg("--info").succeed()?.prints("target cpu:2x4, 8 devices")?;
    text.prints("parameter least: i64 = 30")?.prints("  s: str?")?;
    djrun()?.arg(&artifact).arg("--json").run()?.code(2)?;
    Ok(())
}
