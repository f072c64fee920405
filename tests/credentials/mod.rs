//! Further credentials: PingID's token and Android's binding.

mod binding;
mod files;
mod google;
mod pingone;
mod rotation;
