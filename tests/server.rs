//! What an operator may rely on: how the server stops, whom it keeps out, and what it does under load and abuse.

#[path = "server/abuse.rs"]
mod abuse;
#[path = "server/certificates.rs"]
mod certificates;
#[path = "server/client.rs"]
mod client;
#[path = "server/connections.rs"]
mod connections;
#[path = "server/frames.rs"]
mod frames;
#[path = "server/heads.rs"]
mod heads;
#[path = "server/keys.rs"]
mod keys;
#[path = "server/load.rs"]
mod load;
#[path = "server/settings.rs"]
mod settings;
#[path = "server/sight.rs"]
mod sight;
#[path = "server/stopping.rs"]
mod stopping;
mod support;
#[path = "server/threads.rs"]
mod threads;
#[path = "server/traces.rs"]
mod traces;
