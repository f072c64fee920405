-- When somebody was last seen to get to the row at Apple: by a rehearsal, or by a renewal.
ALTER TABLE tenant ADD COLUMN account_used bigint;
