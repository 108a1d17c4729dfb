{#- The z of a confidence sequence, which may be read at any number of people, every day: it is
    wider than the z of one reading, and least so at `people`, the announced number.

    Waudby-Smith et al., arXiv 2103.06476; `k` places the narrowest point at `people`. -#}
{% macro _always_valid_z(counted, people, alpha=0.01) -%}
    {%- set k = {0.1: 7.132349811795992, 0.05: 8.781800428032875, 0.01: 12.430667178344027}[alpha] -%}
    {%- set counted = activation._as_double(counted) -%}
    case
            when {{ counted }} > 0
                then sqrt(
                    (1 + {{ people }} / ({{ k }} * {{ counted }}))
                    * (2 * ln({{ 1 / alpha }}) + ln(1 + {{ k }} * {{ counted }} / {{ people }}))
                )
        end
{%- endmacro %}
