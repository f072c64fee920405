//! How much a binary property list would become, before it is read. Its objects stand in a table and name each other by
//! number; each array may name the same array many times, so that a few hundred bytes can mean more values than any
//! memory holds.

use super::DEEPEST;

/// How many values are read at most, each counted as often as it is named.
const MOST_VALUES: usize = 1_000;

/// How many bytes of texts and data are read at most, each counted as often as it is named: as many as a file may have.
const MOST_BYTES: usize = 1 << 20;

/// The trailer at the end of the file.
const TRAILER: usize = 32;

/// Whether reading it stays within the bounds. What is damaged is outside of them, too.
pub(super) fn is_within_bounds(bytes: &[u8]) -> bool {
    Walk::begin(bytes).is_some_and(|mut walk| walk.visit(walk.root, 0).is_some())
}

/// A walk over the objects, in which each step is paid for.
struct Walk<'a> {
    /// Everything before the trailer.
    bytes: &'a [u8],
    /// Where the table of offsets begins.
    table: usize,
    /// How many octets an offset has.
    offset_size: usize,
    /// How many octets the number of an object has.
    number_size: usize,
    /// How many objects there are.
    count: usize,
    /// The number of the outermost object.
    root: usize,
    values_left: usize,
    bytes_left: usize,
}

impl<'a> Walk<'a> {
    fn begin(bytes: &'a [u8]) -> Option<Self> {
        let (bytes, trailer) = bytes.split_at(bytes.len().checked_sub(TRAILER)?);
        let count = number(&trailer[8..16])?;
        Some(Self {
            bytes,
            table: number(&trailer[24..32])?,
            offset_size: usize::from(trailer[6]),
            number_size: usize::from(trailer[7]),
            count,
            root: number(&trailer[16..24])?,
            // Objects that nobody names cost the reader a place in its table.
            values_left: if count > MOST_VALUES { 0 } else { MOST_VALUES },
            bytes_left: MOST_BYTES,
        })
    }

    /// Pays for an object and for everything that it names; `None` when that is more than there is to spend.
    fn visit(&mut self, object: usize, depth: usize) -> Option<()> {
        self.values_left = self.values_left.checked_sub(1)?;
        let at = self.offset(object)?;
        let marker = *self.bytes.get(at)?;
        match marker >> 4 {
            0x0..=0x3 | 0x8 => Some(()),
            0x4 | 0x5 => self.pay(at, marker, 1),
            0x6 => self.pay(at, marker, 2),
            0xa => self.visit_all(at, marker, 1, depth),
            0xd => self.visit_all(at, marker, 2, depth),
            _ => None,
        }
    }

    fn pay(&mut self, at: usize, marker: u8, octets: usize) -> Option<()> {
        let (length, _) = self.length(at, marker)?;
        self.bytes_left = self.bytes_left.checked_sub(length.checked_mul(octets)?)?;
        Some(())
    }

    /// Visits what an array names, or a dictionary, which names a key for each value.
    fn visit_all(&mut self, at: usize, marker: u8, each: usize, depth: usize) -> Option<()> {
        let (length, first) = self.length(at, marker)?;
        if depth == DEEPEST {
            return None;
        }
        let named = length.checked_mul(each).filter(|named| *named <= self.values_left)?;
        for place in 0..named {
            let object = self.number_at(first.checked_add(place * self.number_size)?, self.number_size)?;
            self.visit(object, depth + 1)?;
        }
        Some(())
    }

    /// How many parts an object has, and where they begin: the low four bits of its marker, or an integer behind it.
    fn length(&self, at: usize, marker: u8) -> Option<(usize, usize)> {
        let low = usize::from(marker & 0x0f);
        if low < 0x0f {
            return Some((low, at + 1));
        }
        let kind = *self.bytes.get(at + 1)?;
        let octets = 1_usize << (kind & 0x03);
        Some((self.number_at(at + 2, octets)?, at + 2 + octets))
    }

    fn offset(&self, object: usize) -> Option<usize> {
        let place = Some(object).filter(|object| *object < self.count)?.checked_mul(self.offset_size)?;
        self.number_at(self.table.checked_add(place)?, self.offset_size)
    }

    fn number_at(&self, at: usize, octets: usize) -> Option<usize> {
        number(self.bytes.get(at..at.checked_add(octets)?)?)
    }
}

/// A big-endian number of at most eight octets.
fn number(octets: &[u8]) -> Option<usize> {
    let mut wide = [0; 8];
    wide[8_usize.checked_sub(octets.len())?..].copy_from_slice(octets);
    usize::try_from(u64::from_be_bytes(wide)).ok()
}

#[cfg(test)]
mod tests {

    /// A binary property list of these objects, the first of which is the root; numbers have two octets.
    fn list(objects: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"bplist00".to_vec();
        let mut table = vec![];
        for object in objects {
            table.extend(u32::try_from(bytes.len()).expect("small").to_be_bytes());
            bytes.extend(object);
        }
        let at = bytes.len() as u64;
        bytes.extend(table);
        bytes.extend([0, 0, 0, 0, 0, 0, 4, 2]);
        for number in [objects.len() as u64, 0, at] {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    fn long(marker: u8, length: u32, rest: &[u8]) -> Vec<u8> {
        [&[marker | 0x0f, 0x12][..], &length.to_be_bytes(), rest].concat()
    }

    /// An array that names these objects.
    fn array(numbers: &[u16]) -> Vec<u8> {
        let named: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        long(0xa0, u32::try_from(numbers.len()).expect("few"), &named)
    }

    fn text(letters: usize) -> Vec<u8> {
        long(0x50, u32::try_from(letters).expect("short"), &vec![b'x'; letters])
    }

    /// What the library makes of it, where it may.
    fn read(bytes: &[u8]) -> Option<plist::Value> {
        super::super::read(bytes)
    }

    #[test]
    fn what_is_honest_is_read() {
        let dictionary = [vec![0xd1], 1_u16.to_be_bytes().to_vec(), 2_u16.to_be_bytes().to_vec()].concat();
        let bytes = list(&[dictionary, text(3), text(100_000)]);
        let read = read(&bytes).expect("a list");
        assert_eq!(read.as_dictionary().and_then(|all| all.get("xxx")?.as_string()).map(str::len), Some(100_000));
        let many = list(&[array(&[1; 999]), text(1_000)]);
        assert_eq!(super::super::read(&many).and_then(|list| list.as_array().map(Vec::len)), Some(999));
    }

    #[test]
    fn objects_that_name_each_other_again_and_again_are_not_read() {
        // Ten arrays of ten, each naming the next ten times: ten thousand million values in 400 bytes.
        let mut objects: Vec<_> = (1..=10).map(|next| array(&[next; 10])).collect();
        objects.push(text(1));
        assert!(read(&list(&objects)).is_none());
        // Flat, and long: 999 times the same hundred thousand letters.
        assert!(read(&list(&[array(&[1; 999]), text(100_000)])).is_none());
        assert!(read(&list(&[array(&vec![1; 60_000]), text(1)])).is_none(), "too many values");
        assert!(read(&list(&vec![text(1); 1_001])).is_none(), "too many objects");
    }

    #[test]
    fn what_nests_without_end_or_in_itself_is_not_read() {
        let nested = |levels: u16| {
            let mut objects: Vec<_> = (1..=levels).map(|next| array(&[next])).collect();
            objects.push(text(1));
            list(&objects)
        };
        assert!(read(&nested(12)).is_some());
        assert!(read(&nested(13)).is_none());
        assert!(read(&nested(900)).is_none());
        assert!(read(&list(&[array(&[0])])).is_none(), "itself");
        let xml =
            |levels: usize| format!("<plist>{}<true/>{}</plist>", "<array>".repeat(levels), "</array>".repeat(levels));
        assert!(read(xml(12).as_bytes()).is_some());
        assert!(read(xml(13).as_bytes()).is_none());
        assert!(read(xml(100_000).as_bytes()).is_none());
    }

    #[test]
    fn numbers_that_cannot_be_meant_are_not_followed() {
        let good = list(&[array(&[1; 3]), text(5)]);
        for at in 0..good.len() {
            for with in [0x00, 0x01, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = with;
                drop(read(&bytes));
            }
            assert!(read(&good[..at]).is_none());
        }
    }
}
