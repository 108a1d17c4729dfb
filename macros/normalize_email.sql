{#- An e-mail address as a destination would match it: white space around it gone, lower case.
    What can't be an address (no @, no dot after it, a gap inside) becomes null.

    Dots and plus tags stay: to some mail hosts they are different people. -#}
{% macro normalize_email(column) -%}
    {%- set address = 'lower(' ~ activation._strip(column) ~ ')' -%}
    case
            when
                {{ address }} like '%_@_%._%'
                and {{ address }} not like '% %'
                and {{ address }} not like '%@%@%'
                then {{ address }}
        end
{%- endmacro %}
