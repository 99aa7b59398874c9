//! Random programs: several operations composed, written in every form a document has. Forward =
//! reverse = finite differences, a batch = a loop, and the factors of the chain multiply to the
//! whole Jacobian. A failing program is made smaller before it is shown.

mod numerics;

#[path = "programs/chain.rs"]
mod chain;
#[path = "programs/generate.rs"]
mod generate;
#[path = "programs/sharing.rs"]
mod sharing;
#[path = "programs/templates.rs"]
mod templates;

use generate::{Form, generate};
use numerics::{Failure, Random, examine};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Programs of each form.
const PROGRAMS: u32 = 300;

/// So many programs of which finite differences tell too little may be left out.
const LEFT_OUT: u32 = 15;

/// Differences of rounding grow along a program.
const ROUNDING: f64 = 1e-12;

fn examine_programs(form: Form) {
    let config =
        Config { cases: PROGRAMS, max_global_rejects: LEFT_OUT, failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[form as u8; 32]);
    let choices = prop::collection::vec(any::<u16>(), 8..60);
    let result = TestRunner::new_with_rng(config, random).run(&choices, |choices| {
        let generated = generate(form, &choices);
        let mut random = Random::of("programs");
        match examine(&generated.program, ROUNDING, || generated.sample(&mut random)) {
            Ok(_) => {}
            Err(Failure::Wrong(wrong)) => return Err(TestCaseError::fail(wrong)),
            // Another program is tried.
            Err(Failure::Unknown(unknown)) => return Err(TestCaseError::reject(unknown)),
        }
        chain::multiplies_out(&generated.program, &generated.sample(&mut random)).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn programs_of_equations() {
    examine_programs(Form::Equations);
}

#[test]
fn programs_of_functions() {
    examine_programs(Form::Functions);
}

#[test]
fn programs_of_nodes() {
    examine_programs(Form::Nodes);
}

#[test]
fn programs_in_sequence() {
    examine_programs(Form::Sequential);
}

#[test]
fn programs_by_composition() {
    examine_programs(Form::Compose);
}
