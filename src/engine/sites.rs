//! Where the places of a spec are in what a process has mapped, and why some are nowhere.
//! It must not know what is done there.

use super::inspect::Inspect;
use super::location::{CodeSite, Resolved};
use crate::abi::Addr;
use crate::plan::{Point, PointKind};

/// The addresses of a point, each with whether an indirect function is chosen there; `Err` says why there are none.
pub(super) fn sites(point: &Point, inspect: &dyn Inspect) -> Result<Vec<(Addr, bool)>, String> {
    let text = &point.text;
    let is_code = matches!(point.kind, PointKind::Code { .. });
    let sites = match inspect.resolve(&point.place) {
        Resolved::At(sites) => sites,
        Resolved::NoModule if point.place.module.is_none() => {
            return Err(format!("no 64-bit program or library was mapped to look up `{text}` in"));
        }
        Resolved::NoModule => return Err(format!("no file of that name was mapped: `{text}`")),
        Resolved::NoSymbol { nearest } => {
            return Err(format!("no mapped file has the symbol `{text}`{}", near(&nearest)));
        }
        Resolved::Ambiguous { names } => {
            return Err(format!("`{text}` stands for several functions: {}", names.join(", ")));
        }
        Resolved::NoCode { nearest } => {
            let lines: Vec<String> = nearest.iter().map(u32::to_string).collect();
            return Err(format!("there is no code on the line `{text}`{}", near(&lines)));
        }
        Resolved::NoFile { nearest } => {
            return Err(format!("no mapped file was made from the source file of `{text}`{}", near(&nearest)));
        }
        Resolved::NoDebugInfo => {
            return Err(format!("no mapped file has debug information to look up `{text}`: compile with `-g`"));
        }
    };
    for site in &sites {
        match (site.code, point.kind) {
            (CodeSite::Inside(start), PointKind::Code { hardware: false }) => {
                let start = inspect.locate(start).map(|location| location.to_string()).unwrap_or_default();
                return Err(format!("`{text}` lies inside an instruction, which begins at {start}"));
            }
            (CodeSite::Shared, PointKind::Code { hardware: false }) => {
                return Err(format!(
                    "`{text}` lies in memory that is mapped shared, where whoever else has mapped it would run into a \
                     breakpoint: use `hardware = true`"
                ));
            }
            (CodeSite::Unknown, PointKind::Code { hardware: false }) if inspect.read(site.addr, &mut [0]) == 0 => {
                return Err(format!("nothing is mapped at `{text}`"));
            }
            (CodeSite::NotCode, PointKind::Code { hardware: false }) => {
                return Err(format!("`{text}` is no code: watch it with `watch`"));
            }
            (_, PointKind::Data { len, .. }) if !site.addr.0.is_multiple_of(u64::from(len)) => {
                return Err(format!("`{text}` does not lie at a multiple of its {len} bytes: use a smaller `len`"));
            }
            _ => {}
        }
    }
    Ok(sites.iter().map(|site| (site.addr, site.is_ifunc && is_code)).collect())
}

fn near(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("; near is `{one}`"),
        many => format!("; near are {}", many.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
