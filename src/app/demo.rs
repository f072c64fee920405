//! `demo`: a whole renewal in the embedded world, and the disaster avoided.
//!
//! The renewal is the real one: the deed, the store, the checks and the clients that a real tenant gets. Only the world
//! is made up, and the person, who takes the request out of the hand-off folder and works the portal's page.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use pushcert_papers::{Secret, TenantName, Topic};
use pushcert_sandbox::{Announcement, Fault, Options};
use tokio::sync::Notify;

use super::{
    real::{Real, Settings},
    sandbox::start,
};
use crate::{
    commands::{
        Ask, Event, Failure, Kind, Outcome, Reporter, World,
        renew::{Wish, renew},
    },
    world::{
        files::{self, Folders},
        visitor::Visitor,
    },
};

/// The name under which Apple's portal hands out every certificate of this vendor.
const DOWNLOADED: &str = "MDM_ MobileIron_Certificate.pem";

/// What browsers make of a second and a third file of that name.
const DOWNLOADED_AGAIN: &str = "MDM_ MobileIron_Certificate (1).pem";
const DOWNLOADED_ONCE_MORE: &str = "MDM_ MobileIron_Certificate (2).pem";

/// How often the person looks into the hand-off folder.
const BEAT: Duration = Duration::from_millis(50);

/// Which server is renewed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// MobileIron Cloud.
    Cloud,
    /// MobileIron Core.
    Core,
}

/// Runs a renewal, and the mistake that would have lost every device.
///
/// # Errors
/// When the embedded world does not start, or anything in it does not go as it should.
pub async fn demo(reporter: &dyn Reporter, ask: &dyn Ask, server: Server, browser: bool, timeout: Duration) -> Outcome {
    let sandbox = start(Options::default()).await?;
    let room = tempfile::tempdir().map_err(|error| Failure::new(Kind::Failed, "no-room", error))?;
    let told = Told::to(reporter, false);
    let stage = Stage::set(&sandbox, room.path(), server, timeout)?;
    let real = Real::build(&stage.settings).await?;
    let outcome = real
        .live(&told, &Silent { there: true }, async |world: &World<'_>| {
            reporter.tell(Event::Note(
                "An embedded world on loopback: nothing here is real, but the tool and its checks are.\n\n",
            ));
            if browser { stage.with_browser(world, ask).await } else { stage.with_visitor(world, &told).await }?;
            stage.disaster(world).await
        })
        .await;
    sandbox.stop().await;
    outcome.map(|()| None)
}

/// The demonstration's stage.
struct Stage<'a> {
    sandbox: &'a pushcert_sandbox::World,
    tenant: TenantName,
    downloads: PathBuf,
    handoff: PathBuf,
    settings: Settings,
}

impl<'a> Stage<'a> {
    fn set(
        sandbox: &'a pushcert_sandbox::World,
        room: &Path,
        server: Server,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let name = match server {
            Server::Cloud => "cloud",
            Server::Core => "core",
        };
        let tenant = TenantName::parse(name).expect("a plain name");
        let (downloads, handoff) = (room.join("Downloads"), room.join("pushcert"));
        fs::create_dir(&downloads).map_err(|error| Failure::new(Kind::Failed, "no-room", error))?;
        let settings = Settings {
            config: Some(sandbox.announcement().config.clone()),
            store: Some(room.join("state/pushcert.sqlite").display().to_string()),
            handoff: Some(handoff.clone()),
            timeout,
            clock: None,
            patience: None,
            ..Settings::default()
        };
        Ok(Self { sandbox, tenant, downloads, handoff, settings })
    }

    fn announcement(&self) -> &Announcement {
        self.sandbox.announcement()
    }

    /// The renewal, with the visitor in the person's place.
    async fn with_visitor(&self, world: &World<'_>, told: &Told<'_>) -> Result<(), Failure> {
        let wish = Wish { downloads: Some(self.downloads.clone()), ..Wish::default() };
        let person = async {
            self.play_the_person(world, told).await?;
            std::future::pending::<Result<(), Failure>>().await
        };
        tokio::select! {
            renewed = renew(world, &self.tenant, wish) => done(renewed?),
            stumbled = person => stumbled,
        }
    }

    /// What a person does: take today's certificate along, upload, press Download too late, sign in again, press Download.
    async fn play_the_person(&self, world: &World<'_>, told: &Told<'_>) -> Result<(), Failure> {
        // What lies there before anybody watches would not count.
        told.waiting.notified().await;
        let visitor = self.visitor()?;
        let row = visitor.row(&self.topic(world)?.common_name()).await.map_err(stumbled)?;
        self.save(DOWNLOADED, &visitor.download(&row).await.map_err(stumbled)?)?;
        told.noted.notified().await;
        let request = self.request().await;
        let serial = visitor.renew(&row, "ApplePushInfo.txt", request).await.map_err(stumbled)?;
        self.signed_out(true);
        self.save(DOWNLOADED_AGAIN, &visitor.download(&serial).await.map_err(stumbled)?)?;
        told.refused.notified().await;
        self.signed_out(false);
        self.save(DOWNLOADED_ONCE_MORE, &visitor.download(&serial).await.map_err(stumbled)?)
    }

    /// The renewal, with the portal left to whoever sits here.
    async fn with_browser(&self, world: &World<'_>, ask: &dyn Ask) -> Result<(), Failure> {
        let folders = Folders::of_the_user().map_err(|error| Failure::new(Kind::Failed, "no-home", error))?;
        let downloads =
            Some(folders.downloads()).filter(|folder| folder.is_dir()).unwrap_or_else(|| self.downloads.clone());
        world.reporter.tell(Event::Note(&format!(
            "Your turn will be at {}. Your browser will warn: the world has an authority of its own ({}).\n\n",
            self.announcement().portal,
            self.announcement().ca_file.display()
        )));
        if !ask.present() {
            world.reporter.tell(Event::Note("Nobody seems to sit here; this waits all the same, until Ctrl-C."));
        }
        done(renew(world, &self.tenant, Wish { downloads: Some(downloads), ..Wish::default() }).await?)
    }

    /// The same round trip with Create instead of Renew.
    async fn disaster(&self, world: &World<'_>) -> Result<(), Failure> {
        world.reporter.tell(Event::Closing("And now the mistake that loses every device: Create instead of Renew."));
        let silent = Told::to(world.reporter, true);
        let hushed = World { reporter: &silent, ask: &Silent { there: false }, ..*world };
        let installed = self.uploads();
        renew(&hushed, &self.tenant, Wish { restart: true, ..Wish::default() }).await?;
        let created = self.create().await?;
        let refused = renew(&hushed, &self.tenant, Wish { certificate: Some(created), ..Wish::default() }).await;
        let failure = match refused {
            Err(failure) if failure.code == "topic-changed" => failure,
            _ => return Err(Failure::new(Kind::Failed, "demo", "the certificate of another topic was not refused")),
        };
        if self.uploads() != installed {
            return Err(Failure::new(Kind::Failed, "demo", "something was uploaded"));
        }
        world.reporter.tell(Event::Note(&format!(
            "{} (exit code 3)\nThe server's own record: {installed} certificate was installed in this demonstration before the mistake, and {installed} after it.",
            failure.message
        )));
        Ok(())
    }

    /// Creates a certificate with a new topic at the portal, from the very request that a renewal has handed off.
    async fn create(&self) -> Result<PathBuf, Failure> {
        let request = self.request().await;
        let visitor = self.visitor()?;
        let serial = visitor.create("ApplePushInfo.txt", request).await.map_err(stumbled)?;
        self.save("created.pem", &visitor.download(&serial).await.map_err(stumbled)?)?;
        Ok(self.downloads.join("created.pem"))
    }

    /// The request in the hand-off folder, once it is there.
    async fn request(&self) -> Vec<u8> {
        loop {
            let folders = fs::read_dir(self.handoff.join(self.tenant.as_str())).into_iter().flatten().flatten();
            let found = folders
                .map(|folder| folder.path().join("ApplePushInfo.txt"))
                .find_map(|path| files::read_paper(&path, 1 << 20).ok());
            match found {
                Some(request) => return request,
                None => tokio::time::sleep(BEAT).await,
            }
        }
    }

    fn visitor(&self) -> Result<Visitor, Failure> {
        Visitor::new(&self.announcement().portal, &self.announcement().ca_file).map_err(stumbled)
    }

    fn topic(&self, world: &World<'_>) -> Result<Topic, Failure> {
        let topic = world.tenant(&self.tenant)?.enrolled_topic.clone();
        topic.ok_or_else(|| Failure::new(Kind::Failed, "demo", "the embedded tenant has no enrolled topic"))
    }

    fn signed_out(&self, on: bool) {
        let fault = serde_json::json!({ "do": { "switch": "signed-out", "on": on } });
        Fault::read(fault).into_iter().flatten().for_each(|fault| self.sandbox.fault(fault));
    }

    /// Saves as browsers do: under another name first.
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let (part, whole) = (self.downloads.join("download.part"), self.downloads.join(name));
        let saved = files::write_private(&part, bytes).and_then(|()| fs::rename(part, whole));
        saved.map_err(|error| Failure::new(Kind::Failed, "no-room", error))
    }

    /// How many certificates the servers say were installed.
    fn uploads(&self) -> usize {
        self.sandbox.record().iter().filter(|entry| entry.deed == Some("certificate-installed")).count()
    }
}

fn stumbled(error: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Failed, "demo", error)
}

fn done(outcome: Option<Kind>) -> Result<(), Failure> {
    match outcome {
        None => Ok(()),
        Some(_) => Err(Failure::new(Kind::Failed, "demo", "the renewal did not come to its end")),
    }
}

/// Passes on what is told, and wakes the person.
struct Told<'a> {
    reporter: &'a dyn Reporter,
    /// The tool waits for the person.
    waiting: Notify,
    /// It has said something of a file.
    noted: Notify,
    /// A file was not taken.
    refused: Notify,
    /// Whether only refusals are passed on.
    quiet: bool,
}

impl<'a> Told<'a> {
    fn to(reporter: &'a dyn Reporter, quiet: bool) -> Self {
        Self { reporter, waiting: Notify::new(), noted: Notify::new(), refused: Notify::new(), quiet }
    }
}

impl Reporter for Told<'_> {
    fn tell(&self, event: Event<'_>) {
        let wakes = match event {
            Event::Alive(_) => Some(&self.waiting),
            Event::Note(_) => Some(&self.noted),
            Event::NotTaken(_) => Some(&self.refused),
            _ => None,
        };
        let refusal = matches!(event, Event::NotTaken(_));
        if refusal || !self.quiet {
            self.reporter.tell(event);
        }
        if let Some(person) = wakes {
            person.notify_one();
        }
    }
}

/// The person of the demonstration: there or not, and without a word to add.
struct Silent {
    there: bool,
}

impl Ask for Silent {
    fn present(&self) -> bool {
        self.there
    }

    fn confirm(&self, _question: &str) -> bool {
        false
    }

    fn typed(&self, _question: &str, _word: &str) -> bool {
        false
    }

    fn secret(&self, _question: &str) -> Option<Secret> {
        None
    }
}
