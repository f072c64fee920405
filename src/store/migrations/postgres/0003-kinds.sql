-- A tenant has journeys of several kinds: its certificate's, and those of its further credentials. They share their numbers.
ALTER TABLE journey ADD COLUMN kind text NOT NULL DEFAULT 'certificate';
