//! Process 1 of a Caisson guest.
//!
//! It is started by the kernel from an initramfs, listens on two vsock ports and does what the host asks for in the
//! contract, `proto/caisson/guest/v1/guest.proto`: prepares containers, runs their processes, carries their standard
//! streams. It trusts the host, which proves itself with a secret on every connection, and nothing else: not the
//! image, not the container.
//!
//! It has one thread and never a second (see [`sys::fork`]). What may take its time is done in children ([`helper`]).
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]
// Numbers cross between kernel interfaces of different widths here; where one could be cut, it is checked.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

pub mod boot;
pub mod container;
#[cfg(target_arch = "x86_64")]
pub mod devices;
pub mod error;
pub mod helper;
pub mod log;
pub mod power;
pub mod preface;
pub mod proto;
pub mod reaper;
pub mod server;
pub mod service;
pub mod stdio;
pub mod sys;
