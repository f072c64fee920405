//! `console`: from arguments to wishes.

use std::path::Path;

use crate::{
    cli::args::{Allow, Console, Learn},
    commands::{
        Outcome, World,
        console::{self, Wish},
    },
};

pub async fn console(world: &World<'_>, command: Console, configuration: &Path) -> Outcome {
    match command {
        Console::Learn(args) => {
            let tenant = args.tenant.clone();
            console::learn(world, &tenant, &wish(args, configuration)).await
        }
        Console::Show(args) => console::show(world, &args.tenant),
        Console::Forget(args) => console::forget(world, &args.tenant, configuration).await,
    }
}

fn wish(args: Learn, configuration: &Path) -> Wish {
    Wish {
        har: args.har,
        fetch: args.allow.contains(&Allow::Fetch),
        upload: args.allow.contains(&Allow::Upload),
        request_file: args.request_file,
        certificate_file: args.certificate_file,
        upload_field: args.upload_field,
        out: args.out,
        configuration: configuration.to_owned(),
    }
}
