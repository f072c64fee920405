# A template: packaging/release fills in the version and the digest of the sources.
class Pushcert < Formula
  desc "Renews the Apple push certificate behind a MobileIron server"
  homepage "https://example.com/pushcert/pushcert"
  url "https://example.com/pushcert/pushcert/releases/download/v@VERSION@/pushcert-@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    generate_completions_from_executable(bin/"pushcert", "completions")
    system bin/"pushcert", "man", "--out", man1
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/pushcert --version")
    assert_match "is renewed", shell_output("#{bin}/pushcert demo")
  end
end
