//! The project's own chores; each is a module of its own.

mod bench;
mod bless;
mod codegen;
#[path = "../../fixtures/build.rs"]
mod fixtures;
mod instructions;
mod kept;
mod ledger;
mod load;
mod notices;
mod package;
mod page;
mod profile;
mod project;
mod release;
mod releases;
mod repeatable;
mod root;
mod soak;
mod stress;
mod transparency;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "The project's own chores")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Writes src/abi/table.rs and src/faults/table.rs from xtask/tables.
    Codegen {
        /// Only compares: fails when a committed file is not what the tables give.
        #[arg(long)]
        check: bool,
    },
    /// Builds the target programs of fixtures/.
    Fixtures,
    /// Writes the snapshots of specs/ anew.
    Bless {
        /// Only specs whose path or name contains one of these.
        words: Vec<String>,
    },
    /// Runs all of specs/ again and again, half of the times under load; goes on from where it was. Not one byte may differ
    Soak {
        /// How many runs there are to be of each spec; a tenth of that where a run takes 0.3 s or more
        #[arg(long, default_value_t = 100)]
        times: u32,
        /// Begins anew with so many, and keeps nothing
        #[arg(long, conflicts_with = "times")]
        afresh: Option<u32>,
    },
    /// Run programs with several tasks again and again, half of the times under load; goes on from where it was
    Repeatable {
        /// How many runs there are to be of each
        #[arg(long, default_value_t = 100)]
        times: u32,
        /// Only those whose name has one of these words in it; then no table is written
        words: Vec<String>,
    },
    /// Run all of specs/ with the programs and the C library of other releases of Debian; as root
    Releases {
        /// Where their systems are, or are made, a gigabyte each [default: releases/ in the target folder]
        #[arg(long)]
        folder: Option<PathBuf>,
        /// Which ones; then no table is written
        #[arg(default_values = releases::DEFAULT)]
        names: Vec<String>,
    },
    /// Builds a static rinject and a Debian package of it, installs that into a folder and tries it
    Package,
    /// Goes the steps to a release that can be run, and names those that a person has to do
    Release {
        /// Only names the steps
        #[arg(long, visible_alias = "dry-run")]
        list: bool,
        /// Only these
        steps: Vec<String>,
    },
    /// Attaches to programs and kills rinject, again and again: nothing may be harmed or left behind.
    Stress {
        /// How often each program is attached to.
        #[arg(long, default_value_t = 1000)]
        cycles: u32,
        /// How often rinject is killed.
        #[arg(long, default_value_t = 500)]
        kills: u32,
    },
    /// Compares what real programs do alone and under rinject, in every form.
    Transparency {
        /// Only programs whose name contains this.
        word: Option<String>,
    },
    /// Measures, as ratios taken side by side in one run.
    Bench {
        /// Only rows whose work contains one of these.
        words: Vec<String>,
        /// Interleaved rounds; medians are shown.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Counts the instructions of one stop, by valgrind; fails where they are more than docs/instructions.txt says
    Instructions {
        /// Write down what has become less.
        #[arg(long)]
        lower: bool,
    },
}

fn main() -> ExitCode {
    let result = match Args::parse().chore {
        Chore::Codegen { check } => codegen::run(check),
        Chore::Fixtures => project::fixtures().map(|bin| println!("{}", bin.display())),
        Chore::Bless { words } => bless::run(&words),
        Chore::Soak { afresh: Some(times), .. } => soak::afresh(times),
        Chore::Soak { times, afresh: None } => soak::run(times),
        Chore::Repeatable { times, words } => repeatable::run(times, &words),
        Chore::Releases { folder, names } => releases::run(folder, &names),
        Chore::Package => package::chore(),
        Chore::Release { list, steps } => release::run(list, &steps),
        Chore::Stress { cycles, kills } => stress::run(cycles, kills),
        Chore::Transparency { word } => transparency::run(word.as_deref()),
        Chore::Bench { words, rounds } => bench::run(rounds, &words),
        Chore::Instructions { lower } => instructions::run(lower),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
