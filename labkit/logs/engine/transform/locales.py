"""Names of months and weekdays in other languages, for ``dateTimeConverter``.

Java knows some hundred locales; here are those of the languages most logs are written in. Source:
Unicode CLDR, the wide and abbreviated names of the Gregorian calendar.
"""

from __future__ import annotations

import re
from functools import cache

_EN = (
    "January February March April May June July August September October November December",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
)
_NAMES = {
    "en": _EN,
    "de": (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    ),
    "fr": (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
    ),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "lunes martes miércoles jueves viernes sábado domingo",
    ),
    "it": (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
        "dicembre",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    ),
    "pt": (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    ),
    "nl": (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    ),
}
#: Abbreviations that are not the first three letters.
_SHORT = {
    "de": {"Mo": 0, "Di": 1, "Mi": 2, "Do": 3, "Fr": 4, "Sa": 5, "So": 6},
    "fr": {"lun": 0, "mar": 1, "mer": 2, "jeu": 3, "ven": 4, "sam": 5, "dim": 6},
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


def _language(locale: str) -> str:
    return re.split("[-_]", locale)[0].lower()


def known(locale: str) -> bool:
    """Whether names of the locale are there; a country after the language makes no difference."""
    return _language(locale) in _NAMES


@cache
def _english(language: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for own, other in zip(_NAMES[language], _EN, strict=True):
        for name, said in zip(own.split(), other.split(), strict=True):
            out.setdefault(name[:3].lower(), said[:3])
            out[name.lower()] = said
    for name, day in _SHORT.get(language, {}).items():
        # `mar` is French for both March and Tuesday; a month stands in more formats.
        out.setdefault(name.lower(), _EN[1].split()[day][:3])
    return out


def english(text: str, locale: str) -> str:
    """A date with its months and weekdays in English; what is no such name stays."""
    language = _language(locale)
    if language == "en" or language not in _NAMES:
        return text
    names = _english(language)
    return _WORD.sub(lambda word: names.get(word.group().lower(), word.group()), text)
