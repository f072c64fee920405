-- Fingerprints of refused sign-ins are made by another way from here on: what was remembered by the old one is never found again.
DELETE FROM refused_sign_in;
