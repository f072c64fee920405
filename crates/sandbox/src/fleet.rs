//! A fleet of devices: they check in while the installed certificate is the one they can hear.

/// Devices check in by themselves about once an hour.
const HOUR: i64 = 3_600;

/// How long it takes until a check-in shows in the server's lists.
const DELAY: i64 = 30;

/// A device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: u64,
    pub(crate) guid: String,
    pub(crate) platform: Platform,
    pub(crate) last_check_in: i64,
    /// Whether it lies in a drawer.
    off: bool,
    /// Whether its user has the PingID app.
    pingid: bool,
}

impl Device {
    /// What the server's inventory holds of it: an app's identifier, and its name.
    pub(crate) fn apps(&self) -> Vec<(&'static str, &'static str)> {
        let (pingid, other) = match self.platform {
            Platform::Ios => ("com.pingidentity.pingid.prod", ("com.example.mail", "Mail")),
            Platform::Android => ("prod.com.pingidentity.pingid", ("com.example.android.mail", "Mail")),
            Platform::Macos => return vec![("com.example.editor", "Editor")],
        };
        [Some(other), self.pingid.then_some((pingid, "PingID"))].into_iter().flatten().collect()
    }
}

/// What a device is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Platform {
    Ios,
    Macos,
    Android,
}

impl Platform {
    pub(crate) const fn cloud_word(self) -> &'static str {
        match self {
            Self::Ios => "IOS",
            Self::Macos => "OSX",
            Self::Android => "ANDROID",
        }
    }

    pub(crate) const fn core_words(self) -> &'static str {
        match self {
            Self::Ios => "iOS 18.6",
            Self::Macos => "macOS 15.6",
            Self::Android => "Android 15",
        }
    }
}

/// How long the server could be heard: from when, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audible {
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// The devices of a server.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) devices: Vec<Device>,
}

impl Fleet {
    /// So many Apple devices and a few others, that have checked in within the last hour; a few lie in drawers.
    pub(crate) fn new(apple: usize, now: i64) -> Self {
        let others = apple / 40 + 2;
        let devices = (0..apple + others).map(|at| {
            let place = i64::try_from(at).unwrap_or(i64::MAX);
            let id = 9_007_199_254_740_993 + at as u64 * 7;
            let platform = match at {
                at if at >= apple => Platform::Android,
                at if at % 9 == 8 => Platform::Macos,
                _ => Platform::Ios,
            };
            let off = at % 33 == 32;
            let ago = if off { 9 * 86_400 + place } else { 60 + place.wrapping_mul(977).rem_euclid(HOUR - 60) };
            let guid = format!("{at:08x}-5a4d-4b0c-9d6e-{:012x}", id & 0xffff_ffff_ffff);
            let pingid = at % 5 != 4;
            Device { id, guid, platform, last_check_in: now - ago, off, pingid }
        });
        Self { devices: devices.collect() }
    }

    /// Lets the hours pass until now: whoever can hear the server has checked in about once an hour.
    pub(crate) fn settle(&mut self, audible: Option<Audible>, now: i64) {
        for (place, device) in (0_i64..).zip(self.devices.iter_mut()) {
            let heard = if device.platform == Platform::Android {
                Some(Audible { since: i64::MIN, until: i64::MAX })
            } else {
                audible
            };
            let Some(heard) = heard.filter(|_| !device.off) else { continue };
            let latest = (now - DELAY).min(heard.until);
            let beat = place.wrapping_mul(977).rem_euclid(HOUR);
            let slot = latest - (latest - beat).rem_euclid(HOUR);
            if slot >= heard.since && slot > device.last_check_in {
                device.last_check_in = slot;
            }
        }
    }

    /// Asks a device to check in; whether there is such a device.
    pub(crate) fn force_check_in(
        &mut self,
        matches: impl Fn(&Device) -> bool,
        audible: Option<Audible>,
        now: i64,
    ) -> bool {
        let Some(device) = self.devices.iter_mut().find(|device| matches(device)) else { return false };
        let hears = device.platform == Platform::Android || audible.is_some_and(|audible| now <= audible.until);
        if hears && !device.off {
            device.last_check_in = now;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn newer(fleet: &Fleet, than: i64) -> usize {
        fleet
            .devices
            .iter()
            .filter(|device| device.platform != Platform::Android && device.last_check_in > than)
            .count()
    }

    #[test]
    fn devices_that_hear_check_in_hourly_and_others_are_silent() {
        let mut fleet = Fleet::new(66, NOW);
        fleet.settle(None, NOW + 2 * HOUR);
        assert_eq!(newer(&fleet, NOW), 0);
        let audible = Audible { since: NOW, until: NOW + 100 * HOUR };
        fleet.settle(Some(audible), NOW + 2 * HOUR);
        assert_eq!(newer(&fleet, NOW), 64, "two lie in drawers");
    }

    #[test]
    fn nobody_checks_in_after_the_end() {
        let mut fleet = Fleet::new(66, NOW);
        let audible = Audible { since: NOW - HOUR, until: NOW };
        fleet.settle(Some(audible), NOW + 5 * HOUR);
        assert_eq!(newer(&fleet, NOW), 0);
        assert!(fleet.force_check_in(|device| device.id == 9_007_199_254_740_993, Some(audible), NOW + 5 * HOUR));
        assert_eq!(newer(&fleet, NOW), 0);
    }
}
