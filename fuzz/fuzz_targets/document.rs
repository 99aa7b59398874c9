//! Documents: whatever is posted is answered or refused, at every endpoint, an answer
//! is JSON, and asking again gives the same.

#![no_main]

mod shared;

use jacobi::engine::{Cancel, Engine};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use shared::{ENDPOINTS, LIMITS, NAMES, changed, examine, is_out_of_time, mutate};

fuzz_target!(|body: &[u8]| {
    let engine = Engine::new(LIMITS);
    let cancel = Cancel::new(false);
    for endpoint in ENDPOINTS {
        let answer = engine.answer(body, endpoint, &cancel);
        // The second time its plan is known; that must make no difference, but for a document whose own time is short.
        let again = engine.answer(body, endpoint, &cancel);
        if ![&answer, &again].into_iter().any(is_out_of_time) {
            assert_eq!(answer, again);
        }
        examine(&answer);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    changed(data, size, max_size, seed, |body, random| {
        let document = serde_json::from_slice(body).ok().filter(|_| random.below(4) != 0)?;
        Some(mutate::structure(&document, &NAMES, random))
    })
});
