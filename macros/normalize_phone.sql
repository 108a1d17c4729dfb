{#- A telephone number in E.164, as +4915112345678; null when it can't be one.

    A number counts where it carries its country code, behind a + or 00. Blanks, dots, slashes,
    dashes and brackets go, and so does the (0) that some write behind the country code. National
    numbers become null, since a guessed country code calls a stranger; where a column is known to
    hold country codes without the +, say `bare_digits=true`. -#}
{% macro normalize_phone(column, bare_digits=false) -%}
    {%- set typed = activation._strip(column) -%}
    {%- set begin = '[+]|00|[1-9]' if bare_digits else '[+]|00' -%}
    {%- set digits = activation._without(activation._without(typed, '[(]0[)]'), '[^0-9]') -%}
    {%- set number = activation._without(digits, '^00') -%}
    case
            when
                {{ activation._matches(typed, '^(' ~ begin ~ ')[0-9 ()./-]*$') }}
                and {{ activation._matches(number, '^[1-9][0-9]{6,14}$') }}
                then '+' || {{ number }}
        end
{%- endmacro %}
