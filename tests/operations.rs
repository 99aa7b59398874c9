//! Property tests for every operation in the table, found by reading the table: forward = reverse =
//! finite differences, a batch = a loop, constants = inputs; broadcasting in every position, higher
//! ranks, negative axes and empty arrays; kinks, masks and answers that are not finite.
//!
//! An operation without a passing entry fails the suite.

mod numerics;

#[path = "operations/cases.rs"]
mod cases;
#[path = "operations/formulas.rs"]
mod formulas;
#[path = "operations/kinks.rs"]
mod kinks;
#[path = "operations/masks.rs"]
mod masks;
#[path = "operations/matrices.rs"]
mod matrices;
#[path = "operations/networks.rs"]
mod networks;
#[path = "operations/nonfinite.rs"]
mod nonfinite;

use std::fmt::Write;

use cases::{Case, cases, public};
use jacobi::engine::Endpoint;
use jacobi::fault::Code;
use jacobi::ops::Operation;
use numerics::{Examined, Failure, MODES, Random, ask, examine};
use rayon::prelude::*;
use serde_json::json;

/// One operation in a batch differs from a loop by the order of summation at most.
const ROUNDING: f64 = 1e-14;

/// Examines all cases of an operation: what was compared in total, and what failed.
fn examine_row(family: &str, row: &Operation) -> (Examined, Vec<String>) {
    let mut total = Examined { entries: 0, worst: 0.0 };
    let mut failures = Vec::new();
    for case in cases(family, row) {
        let mut random = Random::of(&format!("{case:?}"));
        match examine(&case.program(), ROUNDING, || case.sample(&mut random)) {
            Ok(examined) => {
                total.entries += examined.entries;
                total.worst = total.worst.max(examined.worst);
            }
            Err(Failure::Wrong(failure) | Failure::Unknown(failure)) => failures.push(failure),
        }
    }
    (total, failures)
}

#[test]
fn every_operation_is_differentiated_rightly() {
    let rows: Vec<_> = public().collect();
    let results: Vec<_> = rows.par_iter().map(|(family, row)| (row.name, examine_row(family, row))).collect();
    let mut report = String::new();
    let mut failed = 0;
    for (name, (examined, failures)) in &results {
        let _ = writeln!(
            report,
            "{name}: {} entries compared, worst {:.0e}, {} failures",
            examined.entries,
            examined.worst,
            failures.len()
        );
        failed += usize::from(examined.entries == 0 || !failures.is_empty());
    }
    let failures: Vec<&String> = results.iter().flat_map(|(_, (_, failures))| failures).collect();
    let shown = failures.iter().take(20).map(|f| f.as_str()).collect::<Vec<_>>().join("\n");
    assert!(failed == 0, "{report}\n{shown}\n{failed} operations fail");
}

#[test]
fn a_negative_axis_counts_from_the_end() {
    for (family, row) in public().filter(|(_, row)| row.signature.contains("axis")) {
        let written = cases(family, row);
        let negative = |case: &Case| case.expression.split_once(',').is_some_and(|(_, options)| options.contains('-'));
        assert!(written.iter().any(negative), "no case of {} has a negative axis", row.name);
        for case in written.iter().filter(|c| c.expression.contains("axis=-3)")) {
            let positive = case.expression.replace("axis=-3)", "axis=0)");
            let positive = Case { expression: positive, ..case.clone() };
            let at = case.sample(&mut Random::of(row.name));
            for mode in MODES {
                let answers = [case, &positive].map(|c| c.program().jacobian(&at, mode));
                assert_eq!(answers[0], answers[1], "{}", case.expression);
            }
        }
    }
}

#[test]
fn every_other_spelling_means_the_same() {
    for (family, row) in public() {
        for alias in row.aliases {
            let called = format!("{}(", row.name);
            let case = cases(family, row).into_iter().find(|c| c.expression.contains(&called));
            let case = case.unwrap_or_else(|| panic!("no case calls {}", row.name));
            let expression = case.expression.replace(&called, &format!("{alias}("));
            let other = Case { expression, ..case.clone() };
            let at = case.sample(&mut Random::of(alias));
            let answers = [&case, &other].map(|c| c.program().jacobian(&at, "reverse"));
            assert!(answers[0].is_ok() && answers[0] == answers[1], "{alias} is not {}", row.name);
        }
    }
}

#[test]
fn another_spelling_may_be_a_function_of_ones_own() {
    let document = |name: &str| {
        let define =
            json!({ format!("{name}(x)"): "3 * x", "f(x)": format!("{name}(x) + bessel_y1(x) - bessel_y1(x)") });
        json!({ "define": define, "of": "f", "at": { "x": 2 } })
    };
    let answer = ask(&document("y1"), Endpoint::Value).expect("an answer");
    assert_eq!(answer["value"]["f"]["data"], json!(6.0));
    let faults = ask(&document("bessel_y1"), Endpoint::Value).expect_err("the name itself is taken");
    assert_eq!(faults[0].code, Code::RedefinedBuiltin, "{faults:?}");
}
