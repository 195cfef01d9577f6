"""Data identifiers: what sensitive data looks like in a line of text.

Each of AWS's managed identifiers that can be told by its form has a detector here: a regular
expression and, where the form has a check digit, the check; some count only behind a word that
names them, as in AWS ("secret key", "passport"). AWS finds names and addresses by machine learning
on top of patterns; those have no detector (:data:`WITHOUT`), and a policy that asks for one is
refused, since a policy that silently masks nothing would be the worst of all.

Source: CloudWatch Logs user guide, CWL-managed-data-identifiers, CWL-custom-data-identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

#: Characters before a match in which its word must stand, for detectors that need one.
NEAR = 40


@dataclass(frozen=True, slots=True)
class Detector:
    """How one kind of data is found.

    Parameters
    ----------
    form:
        Regular expression (RE2); the group that matched is what is sensitive, else all of it.
    check:
        Whether what was matched can be it at all.
    words:
        Regular expression of the words of which one must stand before it; '' for none.
    """

    form: str
    check: Callable[[str], bool] | None = None
    words: str = ""

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it is: start and end of each place, in characters."""
        for match in _compiled(self.form).finditer(text):
            group = match.lastindex or 0
            start, end = match.span(group)
            if self.words:
                before = text[max(0, start - NEAR) : start]
                if not _compiled(f"(?i){self.words}").search(before):
                    continue
            if self.check is None or self.check(match.group(group)):
                yield start, end


@cache
def _compiled(form: str) -> Any:
    import re2

    return re2.compile(form)


# -- checks
def _digits(text: str) -> list[int]:
    return [int(one) for one in text if one.isdigit()]


def luhn(text: str) -> bool:
    """Whether digits have Luhn's check digit at their end."""
    digits = _digits(text)
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    plain = re.sub(r"\s", "", text)
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _provider(text: str) -> bool:
    return luhn("80840" + text)


def _nhs(text: str) -> bool:
    digits = _digits(text)
    check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == digits[9] and check != 10


def _weighted(digits: list[int], first: int) -> int:
    """A Brazilian check digit: weights fall from ``first`` to 2, and begin again at 9."""
    weights = [(first - 2 - i) % 8 + 2 if first < 9 else first - i for i in range(len(digits))]
    rest = sum(d * w for d, w in zip(digits, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest


def _cpf(text: str) -> bool:
    digits = _digits(text)
    return (
        len(set(digits)) > 1
        and _weighted(digits[:9], 10) == digits[9]
        and _weighted(digits[:10], 11) == digits[10]
    )


def _cnpj(text: str) -> bool:
    digits = _digits(text)
    return _weighted(digits[:12], 5) == digits[12] and _weighted(digits[:13], 6) == digits[13]


def _spanish(text: str) -> bool:
    number = text[:-1].upper().replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(re.sub(r"\D", "", number)) % 23] == text[-1].upper()


def _vehicle(text: str) -> bool:
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum(int(values.get(c, c)) * w for c, w in zip(text.upper(), weights, strict=True)) % 11
    return text[8].upper() == ("X" if rest == 10 else str(rest))


def _security_number(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return "." in text or len(text.replace(":", "")) >= 4  # "std::a" is none


def _place(text: str) -> bool:
    latitude, longitude = (float(part) for part in re.split(r"\s*,\s*", text))
    return abs(latitude) <= 90 and abs(longitude) <= 180


def _key(kind: str) -> Detector:
    return Detector(rf"(?s)(-----BEGIN (?:{kind})-----.*?(?:-----END (?:{kind})-----|$))")


def _account(country: str, length: int) -> Detector:
    """An account number in the international form."""
    return Detector(rf"\b({country}\d{{2}}(?:\s?[A-Z0-9]){{{length - 4}}})\b", _iban)


def _phone(code: str, form: str) -> Detector:
    return Detector(rf"(?:^|[^\w+])((?:\+|00){code}[\s.-]?{form}|\(?0?{form})\b", None, _PHONE)


_PHONE = r"phone|cell|mobile|fax|contact|tel|handy|telefon|t[eé]l[eé]phone|tel[eé]fono|celular"
_TAX = r"tax|tin\b|itin|i\.?t\.?i\.?n"
_PASSPORT = r"pass(?:port|eport|aporte|aporto)|reisepass"
_LICENSE = r"driv|licen[cs]|dl\s?#|permis|f[uü]hrerschein|patente|conduc"

#: Identifier -> how it is found. (The names are those behind ``data-identifier/`` in its ARN.)
MANAGED: dict[str, Detector] = {
    "AwsSecretKey": Detector(
        r"(?:^|[^A-Za-z0-9/+=])([A-Za-z0-9/+]{40})(?:$|[^A-Za-z0-9/+=])", None,
        r"secret|credential|aws_?s|set-awscredential",
    ),
    "OpenSshPrivateKey": _key("OPENSSH PRIVATE KEY"),
    "PgpPrivateKey": _key("PGP PRIVATE KEY BLOCK"),
    "PkcsPrivateKey": _key("(?:RSA |DSA |EC |ENCRYPTED )?PRIVATE KEY"),
    "PuttyPrivateKey": Detector(r"(?s)(PuTTY-User-Key-File-\d:.*)"),
    "EmailAddress": Detector(r"([A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})"),
    "IpAddress": Detector(
        r"\b(\d{1,3}(?:\.\d{1,3}){3})\b|(?:^|[^\w:.])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})",
        _address,
    ),
    "LatLong": Detector(r"(-?\d{1,2}\.\d{3,}\s*,\s*-?\d{1,3}\.\d{3,})", _place),
    "CreditCardNumber": Detector(
        r"\b(\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|\d{4}[ -]\d{6}[ -]\d{5}|\d{13,19})\b", luhn
    ),
    "CreditCardExpiration": Detector(
        r"\b((?:0[1-9]|1[0-2])\s?[/-]\s?(?:20)?\d\d)\b", None, r"exp|valid|caduc|ablauf"
    ),
    "CreditCardSecurityCode": Detector(
        r"\b(\d{3,4})\b", None, r"cvv|cvc|cid\b|security code|verification|card code"
    ),
    "BankAccountNumber-DE": _account("DE", 22),
    "BankAccountNumber-ES": _account("ES", 24),
    "BankAccountNumber-FR": _account("FR", 27),
    "BankAccountNumber-GB": _account("GB", 22),
    "BankAccountNumber-IT": _account("IT", 27),
    "BankAccountNumber-US": Detector(r"\b(\d{8,17})\b", None, r"account|acct|bank|checking"),
    "Ssn-US": Detector(r"\b(\d{3}-\d{2}-\d{4})\b", _security_number),
    "IndividualTaxIdentificationNumber-US": Detector(
        r"\b(9\d\d-?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-?\d{4})\b", None, _TAX
    ),
    "NationalProviderId-US": Detector(r"\b([12]\d{9})\b", _provider, r"npi|provider|hipaa"),
    "NationalDrugCode-US": Detector(r"\b(\d{4,5}-\d{3,4}-\d{1,2})\b", None, r"ndc|drug code"),
    "MedicareBeneficiaryNumber-US": Detector(
        r"\b([1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?"
        r"[AC-HJKMNP-RT-Y]{2}\d{2})\b",
        None, r"mbi|medicare",
    ),
    "NhsNumber-GB": Detector(r"\b(\d{3}[ -]?\d{3}[ -]?\d{4})\b", _nhs, r"nhs|national health"),
    "NationalInsuranceNumber-GB": Detector(
        r"\b([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])\b", None,
        r"insurance|nino|ni number|n\.?i\.?",
    ),
    "SocialInsuranceNumber-CA": Detector(
        r"\b(\d{3}[ -]?\d{3}[ -]?\d{3})\b", luhn, r"\bsin\b|social insurance|assurance sociale"
    ),
    "PostalCode-CA": Detector(r"\b([ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d)\b"),
    "ZipCode-US": Detector(r"\b(\d{5}(?:-\d{4})?)\b", None, r"zip|postal"),
    "CpfCode-BR": Detector(r"\b(\d{3}\.?\d{3}\.?\d{3}-?\d{2})\b", _cpf),
    "Cnpj-BR": Detector(r"\b(\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2})\b", _cnpj),
    "CepCode-BR": Detector(r"\b(\d{5}-?\d{3})\b", None, r"cep|postal"),
    "NifNumber-ES": Detector(r"\b(\d{8}-?[A-Za-z])\b", _spanish),
    "NieNumber-ES": Detector(r"\b([XYZxyz]-?\d{7}-?[A-Za-z])\b", _spanish),
    "VehicleIdentificationNumber": Detector(r"\b([A-HJ-NPR-Z0-9]{17})\b", _vehicle),
    "PassportNumber-US": Detector(r"\b([A-Z]?\d{8,9})\b", None, _PASSPORT),
    "PassportNumber-GB": Detector(r"\b(\d{9})\b", None, _PASSPORT),
    "PassportNumber-DE": Detector(r"\b([CFGHJK][0-9CFGHJKLMNPRTVWXYZ]{8})\b", None, _PASSPORT),
    "PassportNumber-FR": Detector(r"\b(\d{2}[A-Z]{2}\d{5})\b", None, _PASSPORT),
    "PassportNumber-CA": Detector(r"\b([A-Z]{2}\d{6})\b", None, _PASSPORT),
    "DriversLicense-US": Detector(r"\b([A-Z]{0,2}\d{6,13})\b", None, _LICENSE),
    "DriversLicense-GB": Detector(r"\b([A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2})\b", None, _LICENSE),
    "DriversLicense-DE": Detector(r"\b([A-Z]\d{2}[0-9A-Z]{8})\b", None, _LICENSE),
    "PhoneNumber-US": _phone("1", r"\(?[2-9]\d{2}\)?[\s.-]?\d{3}[\s.-]?\d{4}"),
    "PhoneNumber-GB": _phone("44", r"\d{2,4}\)?[\s-]?\d{3,4}[\s-]?\d{3,4}"),
    "PhoneNumber-DE": _phone("49", r"[1-9]\d{1,4}\)?[\s/-]?\d{4,8}"),
    "PhoneNumber-FR": _phone("33", r"[1-9](?:[\s.-]?\d{2}){4}"),
    "PhoneNumber-ES": _phone("34", r"[6-9]\d{2}[\s.-]?\d{3}[\s.-]?\d{3}"),
    "PhoneNumber-IT": _phone("39", r"\d{2,4}[\s.-]?\d{5,8}"),
    "PhoneNumber-BR": _phone("55", r"\d{2}\)?[\s-]?9?\d{4}[\s-]?\d{4}"),
}  # fmt: skip

_LANDS = (
    "AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK US CA AU"
)

#: AWS's identifiers that labkit has no detector for.
WITHOUT = frozenset(
    {
        "Address", "Name", "HealthInsuranceCardNumber-EU", "HealthInsuranceClaimNumber-US",
        "HealthInsuranceNumber-FR", "HealthcareProcedureCode-US", "InseeCode-FR",
        "NationalIdentificationNumber-DE", "NationalIdentificationNumber-ES",
        "NationalIdentificationNumber-IT", "PermanentResidenceNumber-CA", "PersonalHealthNumber-CA",
        "DrugEnforcementAgencyNumber-US", "ElectoralRollNumber-GB", "PassportNumber-ES",
        "PassportNumber-IT", "RgNumber-BR", "Ssn-ES", "TaxId-DE", "TaxId-ES", "TaxId-FR",
        "TaxId-GB", *(f"DriversLicense-{land}" for land in _LANDS.split()),
    }
    - MANAGED.keys()
)  # fmt: skip
