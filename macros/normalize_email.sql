{#- An e-mail address as a destination would match it: white space around it gone, lower case.
    What can't be an address (no @, no dot after it, a gap inside) becomes null.

    Dots and plus tags stay, because to some mail hosts they are different people. `drop_plus` and
    `drop_dots` take them out of the part before the @: true everywhere, or a list of the domains
    that ignore them. -#}
{% macro normalize_email(column, drop_plus=false, drop_dots=false) -%}
    {%- set address = 'lower(' ~ activation._strip(column) ~ ')' -%}
    case
            when
                {{ address }} like '%_@_%._%'
                and {{ address }} not like '% %'
                and {{ address }} not like '%@%@%'
                then {{ activation._email_rules(address, drop_plus, drop_dots) }}
        end
{%- endmacro %}

{#- The address itself, or its two parts by the rules; null when no part before the @ is left. -#}
{% macro _email_rules(address, drop_plus, drop_dots) -%}
    {%- if not drop_plus and not drop_dots -%}
        {{ return(address) }}
    {%- endif -%}
    {%- set domain = activation._without(address, '^[^@]*@') -%}
    {%- set local = activation._without(address, '@.*$') -%}
    {%- if drop_plus -%}
        {%- set bare = activation._without(local, '[+].*$') -%}
        {%- set local = activation._at(domain, drop_plus, bare, local) -%}
    {%- endif -%}
    {%- if drop_dots -%}
        {%- set local = activation._at(domain, drop_dots, "replace(" ~ local ~ ", '.', '')", local) -%}
    {%- endif -%}
    {{ return("nullif(" ~ local ~ ", '') || '@' || " ~ domain) }}
{%- endmacro %}

{#- `then` at the domains of a rule, else `otherwise`. -#}
{% macro _at(domain, domains, then, otherwise) -%}
    {%- if domains is sameas true -%}
        {{ return(then) }}
    {%- endif -%}
    {{ return(
        "case when " ~ domain ~ " in (" ~ activation._texts(domains) ~ ") then " ~ then
        ~ " else " ~ otherwise ~ " end"
    ) }}
{%- endmacro %}
