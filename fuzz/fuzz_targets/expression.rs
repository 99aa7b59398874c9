//! Expressions: what is printed reads as the same tree, and a function whose body it is has values and
//! Jacobians, or faults.

#![no_main]

mod shared;

use jacobi::engine::{Cancel, Endpoint, Engine};
use jacobi::notation::{Sources, parse_expr, print};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde_json::json;
use shared::{LIMITS, NAMES, changed, examine, mutate};

fuzz_target!(|text: &str| {
    let Ok(expression) = parse_expr(&mut Sources::default(), "", text) else { return };
    let printed = print(&expression);
    match parse_expr(&mut Sources::default(), "", &printed) {
        // A tree that holds a NaN equals no other, not even itself.
        Ok(again) => assert!(again == expression || expression != expression.clone(), "{printed}"),
        Err(faults) => panic!("{printed}: {faults:?}"),
    }
    let engine = Engine::new(LIMITS);
    let cancel = Cancel::new(false);
    for (x, y) in [
        (json!(0.75), json!(2)),
        (json!([0.5, -1.25, 2]), json!([1, 0.25, 3])),
        (json!([[0.5, 1, 2], [0.25, 3, 1.5]]), json!([[1], [2]])),
    ] {
        let document = json!({"define": {"f(x, y)": text}, "at": {"x": x, "y": y}, "nonfinite": "null"});
        for mode in ["forward", "reverse"] {
            let mut document = document.clone();
            document["mode"] = json!(mode);
            examine(&engine.answer(document.to_string().as_bytes(), Endpoint::Jacobian, &cancel));
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    changed(data, size, max_size, seed, |text, random| {
        let text = std::str::from_utf8(text).ok().filter(|_| random.below(3) != 0)?;
        Some(mutate::text(text, &NAMES, random).into_bytes())
    })
});
