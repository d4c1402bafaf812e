//! What runs tell to `tracing`. It has a process of its own: a subscriber is one for the whole process.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use rinject::{Target, on};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Keeps the target and the text of each event.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(String, String)>>>);

impl<S: tracing::Subscriber> Layer<S> for Told {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push((event.metadata().target().to_owned(), message.0));
    }
}

#[test]
fn a_run_tells_its_events_to_tracing() {
    let told = Told::default();
    let subscriber = tracing_subscriber::registry().with(told.clone());
    let target = Target::new("cat").arg("x").file("x", "text").inject(on("read(fd ~ 'x')").error("EIO")).exit(1);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let outcome = match target.run() {
        Err(error) if error.is_unable() && std::env::var("RINJECT_REQUIRE").is_err() => {
            println!("skipped: {error}");
            return;
        }
        outcome => outcome.unwrap(),
    };
    let lines = outcome.transcript().unwrap();
    let all = told.0.lock().unwrap();
    let of =
        |target: &str| all.iter().filter(|(of, _)| of == target).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
    assert_eq!(of("rinject::event"), lines.lines());
    assert_eq!(of("rinject"), ["pass"]);
    assert!(of("rinject::stop").iter().any(|stop| stop.contains("syscall-entry-stop read(")));
}
