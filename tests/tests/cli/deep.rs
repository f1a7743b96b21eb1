//! Programs that are long, wide or deep: what takes a step for each of many takes no more than a few seconds for all, and
//! gives the right numbers.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::djc;
use std::fmt::Write;

/// A program over rows `k in 0..9`, `x in 0..99`, and what it must print as CSV.
fn check(program: &str, csv: &str) -> Result {
    let workspace = Workspace::new()?;
    let rows: String = (0..100).map(|x| format!("{},{x}\n", x % 10)).collect();
    workspace.write("t.csv", &format!("k,x\n{rows}"))?;
    let keys: String = (0..10).map(|k| format!("{k},{}\n", k * k)).collect();
    workspace.write("keys.csv", &format!("j,v\n{keys}"))?;
    let tables = "table t from \"t.csv\" { k: i64, x: i64 }\n";
    let file = workspace.write("program.dj", &format!("{tables}{program}"))?;
    djc()?.args(["run", "--format", "csv"]).arg(file).succeed()?.prints(csv)?;
    Ok(())
}

#[test]
fn two_hundred_lets() -> Result {
    let mut program = "let a0 = t | derive y = x\n".to_owned();
    for step in 1..200 {
        writeln!(
            program,
            "let a{step} = a{} | derive z = y + 1 | filter z > {step} - 1 | select {{ k, x, y = z }}",
            step - 1
        )?;
    }
    writeln!(program, "export result = a199 | aggregate {{ n = count(), s = sum(y) }}")?;
    check(&program, "n,s\n100,24850\n")
}

#[test]
fn lets_that_are_read_twice_each() -> Result {
    // Each level reads the one below twice, so that looking at every path would take forever.
    let mut program = "let a0 = t | aggregate { s = sum(x) }\n".to_owned();
    for step in 1..30 {
        let before = step - 1;
        writeln!(program, "let a{step} = a{before} | union a{before} | aggregate {{ s = max(s) + {step} }}")?;
    }
    writeln!(program, "export result = a29")?;
    check(&program, &format!("s\n{}\n", 4950 + (1..30).sum::<i32>()))
}

#[test]
fn fifty_exports() -> Result {
    let mut program = String::new();
    for export in 0..50 {
        writeln!(program, "export r{export} = t | filter x >= {export} | aggregate {{ s{export} = sum(x) }}")?;
    }
    check(&program, &format!("s49\n{}\n", (49..100).sum::<i32>()))
}

#[test]
fn forty_joins() -> Result {
    let mut joins = String::new();
    for join in 0..40 {
        writeln!(joins, "  | join (keys | select {{ j{join} = j, v{join} = v + {join} }}) on k == j{join}")?;
    }
    let tables = "table keys from \"keys.csv\" { j: i64, v: i64 }\n";
    let sums: Vec<String> = (0..40).map(|join| format!("v{join}")).collect();
    let program = format!("{tables}export result =\n  t\n{joins}  | aggregate {{ s = sum({}) }}\n", sums.join(" + "));
    check(&program, &format!("s\n{}\n", 40 * 2850 + 100 * (0..40).sum::<i32>()))
}

/// Of a sum for each XLA would compile for minutes; reading, filtering and writing them takes no program as wide.
#[test]
fn five_hundred_columns() -> Result {
    let line = |of: &dyn Fn(usize) -> String| (0..500).map(of).collect::<Vec<_>>().join(",");
    let workspace = Workspace::new()?;
    let rows: String = (0..20).map(|row| line(&|column| (row + column).to_string()) + "\n").collect();
    workspace.write("wide.csv", &format!("{}\n{rows}", line(&|column| format!("c{column}"))))?;
    let columns = line(&|column| format!("c{column}: i64"));
    let sums: Vec<String> = (0..50).map(|column| format!("e{column} = c{column} + c{}", column + 1)).collect();
    let program = format!(
        "table t from \"wide.csv\" {{ {columns} }}\nexport result = t | filter c0 == 3 | derive {{ {} }}\n",
        sums.join(", ")
    );
    let file = workspace.write("program.dj", &program)?;
    djc()?.args(["run", "--format", "csv"]).arg(file).succeed()?.prints(",501,502,7,9,")?.prints(",103,105\n")?;
    Ok(())
}

#[test]
fn a_thousand_branches() -> Result {
    let arms: Vec<String> = (0..1000).map(|arm| format!("x == {arm} => {}", arm * 3)).collect();
    let program = format!(
        "export result = t | derive c = case {{ {}, else => -1 }} | aggregate {{ s = sum(c) }}\n",
        arms.join(", ")
    );
    check(&program, "s\n14850\n")
}
