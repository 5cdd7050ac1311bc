"""Who is who: keys, certificates, mutual TLS, sealed boxes. All of it by ``cryptography``.

Every participant makes its own keys in its own folder; only a request leaves it. The coordinator's
authority signs requests (``constellation invite``). A certificate says the participant's name, its
role, and, for members of the committee, the key to which shares are sealed.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kachisuji.constellation.needs import need
from kachisuji.constellation.storage import write
from kachisuji.words import InputError

ROLES = ("node", "member", "asker", "coordinator")
KEY, CERTIFICATE, REQUEST, AUTHORITY = "key.pem", "certificate.pem", "request.pem", "authority.pem"
SEAL, AUTHORITY_KEY = "seal.pem", "authority.key.pem"
_ROLE, _SEALS = "urn:kachisuji:role:", "urn:kachisuji:seal:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
DAYS = 365


@dataclass(frozen=True)
class Identity:
    """What a certificate says."""

    name: str
    role: str
    serial: str
    fingerprint: str
    until: datetime
    seal: bytes = b""


def need_name(name: str) -> str:
    """Return ``name`` if it can stand in a certificate: a code, letters and digits."""
    if not _NAME.fullmatch(name):
        raise InputError("constellation.bad_name", got=name)
    return name


def _x509() -> Any:
    return need("cryptography.x509")


def _serialization() -> Any:
    return need("cryptography.hazmat.primitives.serialization")


def _secret(path: Path, key: Any) -> None:
    s = _serialization()
    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    write(path, pem, mode=0o600)


def _new_key(path: Path) -> Any:
    ec = need("cryptography.hazmat.primitives.asymmetric.ec")
    key = ec.generate_private_key(ec.SECP256R1())
    _secret(path, key)
    return key


def _load_key(path: Path) -> Any:
    try:
        return _serialization().load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise InputError("constellation.no_key", file=path) from error


def _pem(certificate: Any) -> bytes:
    content: bytes = certificate.public_bytes(_serialization().Encoding.PEM)
    return content


def _subject(name: str) -> Any:
    x509, oid = _x509(), need("cryptography.x509.oid").NameOID
    return x509.Name([x509.NameAttribute(oid.COMMON_NAME, name)])


def make_request(folder: Path, name: str, role: str) -> Path:
    """Make new keys in ``folder`` and a request to be signed; old keys stay until it is signed.

    The new keys lie beside the old as ``next.*`` and take their place when the signed certificate
    is installed, so that a participant goes on answering while it renews.
    """
    x509 = _x509()
    hashes = need("cryptography.hazmat.primitives.hashes")
    if role not in ROLES:
        raise InputError("constellation.bad_role", got=role, known=", ".join(ROLES[:3]))
    names = [x509.UniformResourceIdentifier(_ROLE + role)]
    if role == "member":
        x25519 = need("cryptography.hazmat.primitives.asymmetric.x25519")
        seal = x25519.X25519PrivateKey.generate()
        _secret(folder / f"next.{SEAL}", seal)
        names.append(
            x509.UniformResourceIdentifier(_SEALS + seal.public_key().public_bytes_raw().hex())
        )
        names.append(x509.DNSName("member"))
    key = _new_key(folder / f"next.{KEY}")
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(need_name(name)))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    write(folder / REQUEST, _pem(request))
    return folder / REQUEST


def make_authority(folder: Path, host: str, days: int = 10 * DAYS) -> None:
    """Make the authority that signs, and the coordinator's own certificate for ``host``."""
    x509 = _x509()
    hashes = need("cryptography.hazmat.primitives.hashes")
    key = _new_key(folder / AUTHORITY_KEY)
    now = datetime.now(UTC)
    name = _subject("Kachisuji constellation")
    other = ("digital_signature", "content_commitment", "key_encipherment",
             "data_encipherment", "key_agreement", "encipher_only",
             "decipher_only")  # fmt: skip
    usage = dict.fromkeys(other, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write(folder / AUTHORITY, _pem(certificate))
    certify_coordinator(folder, host)


def certify_coordinator(folder: Path, host: str) -> Identity:
    """Make new keys for the coordinator of ``folder`` and have its own authority sign them."""
    make_request(folder, "coordinator", "coordinator")
    return install(folder, sign_request(folder, (folder / REQUEST).read_bytes(), host=host))


def host_of(folder: Path) -> str:
    """Return the address that the certificate in ``folder`` was made for."""
    x509 = _x509()
    found = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uri = x509.UniformResourceIdentifier
    return next((str(n.value) for n in names if not isinstance(n, uri)), "127.0.0.1")


def sign_request(
    folder: Path, request: bytes, *, host: str = "", days: int = DAYS, at: datetime | None = None
) -> bytes:
    """Sign a request with the authority in ``folder``; return the certificate as PEM.

    Raises
    ------
    InputError
        When the request cannot be read, was altered, or asks for an unknown role.
    """
    import ipaddress

    x509 = _x509()
    hashes = need("cryptography.hazmat.primitives.hashes")
    try:
        asked = x509.load_pem_x509_csr(request)
        sound = asked.is_signature_valid
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise InputError("constellation.bad_request", why="PEM") from error
    identity = _identity_of(asked.subject, list(names), "", "", datetime.now(UTC))
    if not sound or identity.role not in ROLES:
        raise InputError("constellation.bad_request", why=identity.role)
    kept = list(names)
    if host:
        try:
            kept.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            kept.append(x509.DNSName(host))
    authority = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    now = at or datetime.now(UTC)
    oid = need("cryptography.x509.oid").ExtendedKeyUsageOID
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(authority.subject)
        .public_key(asked.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(kept), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([oid.CLIENT_AUTH, oid.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(_load_key(folder / AUTHORITY_KEY), hashes.SHA256())
    )
    return _pem(certificate)


def made_for(certificate: bytes, request: bytes) -> bool:
    """Whether a certificate that has not expired holds the key and the name of a request."""
    x509 = _x509()
    try:
        asked = x509.load_pem_x509_csr(request)
        found = x509.load_pem_x509_certificate(certificate)
    except ValueError:
        return False
    fresh = found.not_valid_after_utc > datetime.now(UTC)
    same = found.public_key() == asked.public_key() and found.subject == asked.subject
    return bool(fresh and same and asked.is_signature_valid)


def install(folder: Path, certificate: bytes) -> Identity:
    """Put a signed certificate and the keys it was made for in their place.

    Raises
    ------
    InputError
        When it was made for other keys than those waiting in ``folder``.
    """
    x509 = _x509()
    waiting = folder / f"next.{KEY}"
    found = x509.load_pem_x509_certificate(certificate)
    if not waiting.exists() or _load_key(waiting).public_key() != found.public_key():
        raise InputError("constellation.other_key", file=folder)
    for name in (SEAL, KEY):
        if (folder / f"next.{name}").exists():
            os.replace(folder / f"next.{name}", folder / name)
    write(folder / CERTIFICATE, certificate)
    (folder / REQUEST).unlink(missing_ok=True)
    return identity(certificate)


def identity(certificate: bytes) -> Identity:
    """Return what a certificate (PEM or DER) says.

    Raises
    ------
    InputError
        When it is no certificate of a constellation.
    """
    x509 = _x509()
    try:
        pem = certificate.lstrip().startswith(b"-----")
        load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
        found = load(certificate)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise InputError("constellation.bad_certificate", why=str(error)) from error
    der = found.public_bytes(_serialization().Encoding.DER)
    fingerprint = hashlib.sha256(der).hexdigest()
    serial = f"{found.serial_number:x}"
    return _identity_of(found.subject, list(names), serial, fingerprint, found.not_valid_after_utc)


def _identity_of(
    subject: Any, names: list[Any], serial: str, fingerprint: str, until: datetime
) -> Identity:
    oid = need("cryptography.x509.oid").NameOID
    said = [str(n.value) for n in names]
    role = next((s.removeprefix(_ROLE) for s in said if s.startswith(_ROLE)), "")
    seal = next((s.removeprefix(_SEALS) for s in said if s.startswith(_SEALS)), "")
    common = [str(a.value) for a in subject.get_attributes_for_oid(oid.COMMON_NAME)]
    name = need_name(common[0] if common else "")
    if not re.fullmatch(r"[0-9a-f]{64}" if role == "member" else "", seal):
        raise InputError("constellation.bad_certificate", why="seal")
    return Identity(name, role, serial, fingerprint, until, bytes.fromhex(seal))


def own(folder: Path, at: datetime | None = None) -> Identity:
    """Return the identity installed in ``folder``, refused when it has expired.

    Raises
    ------
    InputError
        When there is none yet, or it has expired.
    """
    file = folder / CERTIFICATE
    try:
        found = identity(file.read_bytes())
    except OSError as error:
        raise InputError("constellation.not_invited", file=folder) from error
    if found.until <= (at or datetime.now(UTC)):
        until = found.until.date().isoformat()
        key = "expired_coordinator" if found.role == "coordinator" else "expired"
        raise InputError(f"constellation.{key}", file=file, name=found.name, until=until)
    return found


def issued_by(certificate: bytes, authority: bytes) -> bool:
    """Whether ``authority`` signed ``certificate`` (both PEM)."""
    x509 = _x509()
    exceptions = need("cryptography.exceptions")
    try:
        found = x509.load_pem_x509_certificate(certificate)
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    except (ValueError, TypeError, exceptions.InvalidSignature):
        return False
    return True


def _context(folder: Path, purpose: ssl.Purpose) -> ssl.SSLContext:
    own(folder)
    context = ssl.create_default_context(purpose, cafile=str(folder / AUTHORITY))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(str(folder / CERTIFICATE), str(folder / KEY))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def server_context(folder: Path) -> ssl.SSLContext:
    """TLS 1.3 for who listens: the caller must show a certificate of the same authority."""
    return _context(folder, ssl.Purpose.CLIENT_AUTH)


def client_context(folder: Path) -> ssl.SSLContext:
    """TLS 1.3 for who calls, with the host's name checked."""
    return _context(folder, ssl.Purpose.SERVER_AUTH)


def sign(folder: Path, content: bytes) -> bytes:
    """Sign ``content`` with the key of ``folder`` (ECDSA, P-256, SHA-256)."""
    ec = need("cryptography.hazmat.primitives.asymmetric.ec")
    hashes = need("cryptography.hazmat.primitives.hashes")
    signature: bytes = _load_key(folder / KEY).sign(content, ec.ECDSA(hashes.SHA256()))
    return signature


def signed_by(certificate: bytes, signature: bytes, content: bytes) -> bool:
    """Whether the holder of ``certificate`` (PEM) signed ``content``."""
    ec = need("cryptography.hazmat.primitives.asymmetric.ec")
    hashes = need("cryptography.hazmat.primitives.hashes")
    exceptions = need("cryptography.exceptions")
    key = _x509().load_pem_x509_certificate(certificate).public_key()
    try:
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except exceptions.InvalidSignature:
        return False
    return True


def _suite() -> Any:
    hpke = need("cryptography.hazmat.primitives.hpke")
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def seal(content: bytes, key: bytes, about: bytes) -> bytes:
    """Seal ``content`` to a member's key (HPKE, RFC 9180), bound to what it is ``about``."""
    x25519 = need("cryptography.hazmat.primitives.asymmetric.x25519")
    public = x25519.X25519PublicKey.from_public_bytes(key)
    box: bytes = _suite().encrypt(content, public, about)
    return box


def unseal(box: bytes, folder: Path, about: bytes) -> bytes | None:
    """Open a sealed box with the seal key of ``folder``; None when it is not for it or altered."""
    exceptions = need("cryptography.exceptions")
    try:
        content: bytes = _suite().decrypt(box, _load_key(folder / SEAL), about)
    except (exceptions.InvalidTag, ValueError):
        return None
    return content
