//! What files have beside their content, times aside: read, and given to others. It must not know what for.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::Path;

use crate::sweep::states::{Attribute, Attributes, Name};
use crate::sys;

/// Extended attributes that programs set (xattr(7)); others are given by the kernel to whatever is made.
const KINDS: [&str; 4] = ["user.", "trusted.", "security.capability", "system.posix_acl_"];

/// Those of what a path leads to, or of a symbolic link where `data` is of that.
pub(super) fn attributes(path: &Path, data: &Metadata) -> io::Result<Attributes> {
    let mut attributes = Attributes {
        mode: data.permissions().mode() & 0o7777,
        owner: (data.uid(), data.gid()),
        ..Attributes::default()
    };
    for name in sys::attribute_names(path, data.is_symlink())? {
        if KINDS.iter().any(|kind| name.starts_with(kind.as_bytes())) {
            let value = sys::attribute(path, data.is_symlink(), &name)?;
            attributes.extended.insert(Name::from(name), value);
        }
    }
    Ok(attributes)
}

/// Gives them to what a path leads to, a symbolic link its own. A new owner takes rights from the mode, and from both an
/// access list can be another one: each is looked at once the one before it is set.
pub(super) fn put(path: &Path, wanted: &Attributes) -> io::Result<()> {
    let now = || fs::symlink_metadata(path).and_then(|data| Ok((attributes(path, &data)?, data)));
    let (is, data) = now()?;
    if is.owner != wanted.owner {
        lchown(path, Some(wanted.owner.0), Some(wanted.owner.1))?;
    }
    let set_mode = || match data.is_symlink() {
        true => Ok(()),
        false => fs::set_permissions(path, fs::Permissions::from_mode(wanted.mode)),
    };
    if now()?.0.mode != wanted.mode {
        set_mode()?;
    }
    for attribute in now()?.0.until(wanted) {
        if let Attribute::Extended(name, value) = attribute {
            sys::set_attribute(path, &name, value.as_deref())?;
        }
    }
    if now()?.0.mode != wanted.mode {
        set_mode()?;
    }
    Ok(())
}
