//! Documents: whatever is posted is answered or refused, at every endpoint, an answer
//! is JSON, and asking again gives the same.

#![no_main]

mod shared;

use jacobi::engine::{Cancel, Engine};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use shared::{ENDPOINTS, LIMITS, NAMES, changed, examine, mutate};

fuzz_target!(|body: &[u8]| {
    let engine = Engine::new(LIMITS);
    let cancel = Cancel::new(false);
    for endpoint in ENDPOINTS {
        let answer = engine.answer(body, endpoint, &cancel);
        // The second time its plan is known; that must make no difference.
        assert_eq!(answer, engine.answer(body, endpoint, &cancel));
        examine(&answer);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    changed(data, size, max_size, seed, |body, random| {
        let document = serde_json::from_slice(body).ok().filter(|_| random.below(4) != 0)?;
        Some(mutate::structure(&document, &NAMES, random))
    })
});
