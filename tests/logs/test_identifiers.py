"""Each detector of sensitive data: what it finds, and what only looks like it."""

import pytest

from labkit.logs.engine import identifiers

#: Identifier, a text, what is found in it ("" for nothing).
TABLE = [
    ("EmailAddress", "mail jane.doe+x@example.co.uk now", "jane.doe+x@example.co.uk"),
    ("EmailAddress", "user@host", ""),
    ("IpAddress", "from 192.0.2.17:443", "192.0.2.17"),
    ("IpAddress", "from 2001:db8::1 port 3", "2001:db8::1"),
    ("IpAddress", "version 300.1.2.3", ""),
    ("IpAddress", "at 09:00:00", ""),
    ("IpAddress", "std::dec", ""),
    ("CreditCardNumber", "card 4111 1111 1111 1111.", "4111 1111 1111 1111"),
    ("CreditCardNumber", "card=4111111111111112", ""),
    ("CreditCardNumber", "order 0000000000000000", ""),
    ("CreditCardSecurityCode", "cvv: 123", "123"),
    ("CreditCardSecurityCode", "took 123 ms", ""),
    ("CreditCardExpiration", "exp 11/2027", "11/2027"),
    ("AwsSecretKey", 'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AwsSecretKey", "digest wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
    ("Ssn-US", "ssn 536-90-4399", "536-90-4399"),
    ("Ssn-US", "ssn 000-90-4399", ""),
    ("BankAccountNumber-DE", "IBAN DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
    ("BankAccountNumber-DE", "IBAN DE88 3704 0044 0532 0130 00", ""),
    ("BankAccountNumber-GB", "to GB82WEST12345698765432", "GB82WEST12345698765432"),
    ("NhsNumber-GB", "NHS 943 476 5919", "943 476 5919"),
    ("NhsNumber-GB", "NHS 943 476 5918", ""),
    ("CpfCode-BR", "cpf 529.982.247-25", "529.982.247-25"),
    ("CpfCode-BR", "cpf 529.982.247-26", ""),
    ("Cnpj-BR", "11.222.333/0001-81", "11.222.333/0001-81"),
    ("NifNumber-ES", "nif 12345678Z", "12345678Z"),
    ("NifNumber-ES", "nif 12345678A", ""),
    ("NieNumber-ES", "nie X1234567L", "X1234567L"),
    ("VehicleIdentificationNumber", "vin 1M8GDM9AXKP042788", "1M8GDM9AXKP042788"),
    ("VehicleIdentificationNumber", "vin 1M8GDM9A1KP042788", ""),
    ("NationalProviderId-US", "NPI 1234567893", "1234567893"),
    ("PhoneNumber-US", "phone (425) 555-0100", "(425) 555-0100"),
    ("PhoneNumber-US", "id 425 555 0100", ""),
    ("LatLong", "at 48.8584, 2.2945", "48.8584, 2.2945"),
    ("LatLong", "at 98.8584, 2.2945", ""),
    ("PkcsPrivateKey", "-----BEGIN RSA PRIVATE KEY-----\nab\n-----END RSA PRIVATE KEY----- x",
     "-----BEGIN RSA PRIVATE KEY-----\nab\n-----END RSA PRIVATE KEY-----"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "wanted"), TABLE)
def test_what_is_found(name, text, wanted):
    found = [text[start:end] for start, end in identifiers.MANAGED[name].find(text)]
    assert found == ([wanted] if wanted else [])


@pytest.mark.parametrize("name", identifiers.MANAGED)
def test_every_detector_can_be_read_and_finds_nothing_in_plain_words(name):
    assert list(identifiers.MANAGED[name].find("GET /index.html 200 in 12 ms")) == []


def test_neighbours_are_both_found():
    text = "192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2"
    found = [text[a:b] for a, b in identifiers.MANAGED["IpAddress"].find(text)]
    assert found == text.split()
